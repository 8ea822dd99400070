"""Words for demo data: names, questions, answers, opinions. Knows no tables."""

from typing import Final

FIRST_NAMES: Final = (
    "ada", "amir", "ana", "anton", "aya", "ben", "carla", "chen", "clara", "david", "diego",
    "elif", "emil", "emma", "eva", "farid", "felix", "finn", "greta", "hana", "hugo", "ida",
    "ines", "ivan", "jana", "jonas", "juno", "kaia", "karim", "lara", "lea", "leo", "lina",
    "luca", "maja", "marco", "maya", "mia", "milo", "mina", "nadia", "nico", "nina", "noah",
    "nora", "olga", "omar", "otto", "paul", "petra", "priya", "rafa", "rosa", "ruth", "sami",
    "sara", "sena", "sofia", "tarik", "theo", "tim", "uma", "vera", "yara", "yusuf", "zoe",
)  # fmt: skip
LAST_NAMES: Final = (
    "adler", "bauer", "berg", "brandt", "costa", "cruz", "diaz", "duran", "fischer", "fox",
    "garcia", "haas", "hahn", "ito", "jansen", "kaya", "keller", "khan", "kim", "klein", "koch",
    "kovac", "lang", "lee", "lopez", "maier", "meyer", "mora", "nagy", "novak", "okafor", "park",
    "patel", "peters", "reed", "rossi", "ruiz", "sato", "schmid", "silva", "singh", "smith",
    "stein", "tanaka", "vogel", "wagner", "weber", "wolf", "wong", "yilmaz", "young",
)  # fmt: skip
TOPICS: Final = (
    "a birthday dinner", "a budget", "a cover letter", "a garden in the shade", "a haiku",
    "a history essay", "a job interview", "a long train ride", "a loop in Python", "a new bicycle",
    "a polite refusal", "a report for Monday", "a science project", "a short story",
    "a small kitchen", "a SQL query", "a walk in Rome", "a wedding speech", "bread without yeast",
    "fractions", "learning Spanish", "photosynthesis", "regular expressions", "sleeping better",
    "the French Revolution", "the moon's phases", "the stock market", "tidal power",
)  # fmt: skip
QUESTIONS: Final = (
    "Can you help me with {}?",
    "Explain {} in simple words, please.",
    "Give me three ideas for {}.",
    "I am stuck with {}. What should I try first?",
    "What are the most common mistakes with {}?",
    "Write me a short plan for {}.",
    "How would you start with {} if you had only ten minutes?",
)
FOLLOW_UPS: Final = (
    "Can you make it shorter?",
    "Thanks! And what comes after that?",
    "Could you give an example?",
    "I do not understand the second point.",
    "Please write it as a list.",
    "That is not quite what I meant. Once more, please.",
    "Which of these would you choose, and why?",
)
ANSWERS: Final = (
    "Let us take {} one step at a time. ",
    "Here is what matters most for {}. ",
    "Good question. About {}, begin with what you already have. ",
    "For {}, three things help: a clear aim, a first small step, and a look back afterwards. ",
)
SENTENCES: Final = (
    "Start small and write down what you notice. ",
    "It helps to say the aim in one sentence before anything else. ",
    "Most people lose time in the middle, so plan a pause there. ",
    "If something does not work twice, change the approach rather than the effort. ",
    "Keep the parts apart as long as you can; joining them is easier later. ",
    "A friend who reads it aloud will find what you overlook. ",
    "There is no need to finish everything today. ",
    "Compare two versions side by side and keep the simpler one. ",
)
OPINIONS: Final = {
    "answers": (
        "The answers are clear and short.",
        "It sometimes misses the point of my question.",
    ),
    "speed": ("Words come at once, I like that.", "In the evening it gets rather slow."),
    "design": ("Calm and easy on the eyes.", "I would like larger text on my phone."),
    "bug": ("The list of chats did not update once.", "Copying a table loses its columns."),
    "idea": ("Folders for chats would be great.", "Please let me share a conversation."),
    "other": ("I use it every day, thank you.", "How long are my chats kept here?"),
}
