// The page is mirrored where lines run from right to left: style sheets name the start and the end of a line, not left and right.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../../static/css/", import.meta.url);
const sheets = readdirSync(folder).filter((name) => name.endsWith(".css"));

const SIDES = /(?<![\w-])(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-)?(?:left|right)(?:-(?:width|color|style))?\s*:|border-(?:top|bottom)-(?:left|right)-radius\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)\b|\bto (?:left|right)\b/;
const SIDEWAYS = /translateX\((?!.*var\(--forward\))|\btranslate\(-?\d*\.?\d+(?!%)[a-z]|(?<!-)\brotate\(-?(?:90|270)deg\)/;
const FOUR = /(?<![\w-])(?:padding|margin|inset)\s*:\s*([^;{}]+)/g;

const CENTRED = [/left: 50%/, "the middle is the same from both sides"];
const OWN = [/:dir\(rtl\)|^\.conversation-title \{|^ {2}-webkit-mask-image: linear-gradient\(to right/, "a title fades where its own words end, whatever the page's direction"];
const REPLACED = [/\[data-tip-side="(?:end|start)"\]::after \{ left: auto;/, "takes back the middle, then names a side of the line"];
const TURNED = [/\[dir="rtl"\]/, "a rule for one direction"];
const FORMULA = [/^mtd\[columnalign=/, "a formula's columns stand left or right in every language"];
const EXCEPTIONS = [CENTRED, OWN, REPLACED, TURNED, FORMULA].map(([pattern]) => pattern);

const parts = (value) => value.replace(/\([^()]*(?:\([^()]*\)[^()]*)*\)/g, "()").trim().split(/\s+/);
const isLopsided = (line) => [...line.matchAll(FOUR)].some(([, value]) => { const [, right, , left] = parts(value); return left !== undefined && left !== "!important" && right !== left; });
const isPhysical = (line) => !EXCEPTIONS.some((pattern) => pattern.test(line)) && (SIDES.test(line) || SIDEWAYS.test(line) || isLopsided(line));

/** Comments say what they like. */
const lines = (text) => text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " ")).split("\n");

test("no rule names left or right", () => {
  for (const name of sheets) {
    lines(readFileSync(new URL(name, folder), "utf8")).forEach((line, at) => assert.ok(!isPhysical(line), `${name}:${at + 1}: ${line.trim()}`));
  }
});

test("what is found here would be found anywhere", () => {
  const wrong = ["a { left: 0; }", "a { margin-left: 1px; }", "a { border-right: 1px solid; }", "a { border-top-left-radius: 2px; }", "a { text-align: left; }", "a { float: right; }", "a { background: linear-gradient(to right, x, y); }", "a { transform: translateX(-100%); }", "a { padding: 1px 2px 3px 4px; }", "a { inset: 0 auto 0 0; }", "a { margin: 0 max(1px, 2px) 0 0; }", "a { transform: rotate(90deg); }"];
  for (const rule of wrong) assert.ok(isPhysical(rule), rule);
  const right = ["a { inset-inline-start: 0; padding: 1px 2px 3px; }", "a { margin: 0 auto; border-start-start-radius: 2px; }", "a { text-align: start; transform: rotate(180deg); }", "a { transform: translateX(calc(-102% * var(--forward))); }", "a { padding: 1px 2px 3px 2px; }"];
  for (const rule of right) assert.ok(!isPhysical(rule), rule);
});
