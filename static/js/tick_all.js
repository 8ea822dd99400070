// Above a table whose rows are ticked: one box for all of them, and acts that can be pressed only while a row is ticked.

const form = document.getElementById("bulk");
const all = document.getElementById("tick-all");
const boxes = [...form.elements].filter(({ name }) => name === "rowid");

function draw() {
  const ticked = boxes.filter((box) => box.checked).length;
  all.checked = ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
  for (const button of form.querySelectorAll("button")) button.disabled = ticked === 0;
}

all.addEventListener("change", () => {
  for (const box of boxes) box.checked = all.checked;
  draw();
});
for (const box of boxes) box.addEventListener("change", draw);
addEventListener("pageshow", draw); // the browser puts back what was ticked
all.closest("label").hidden = false;
draw();
