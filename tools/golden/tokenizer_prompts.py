"""Thousands of strings that people and their keyboards send, and that break tokenizers. Made by rule, from a seed."""

import random
import unicodedata

SEED = 7
END = "<|endoftext|>"
START = "<|startoftext|>"

SUBJECTS = """astronaut fox castle dragon lighthouse sailor robot cathedral teapot samurai violin jellyfish owl mountain
cyberpunk street; old man; cottage-core kitchen; Victorian greenhouse; low-poly island; neon-lit alley""".replace(
    "\n", " "
).split("; ")
SUBJECTS = [word for group in SUBJECTS for word in ([group] if " " in group.strip() else group.split())]
STYLES = """oil painting|watercolour|pencil sketch|ukiyo-e|isometric render|35mm photograph|stained glass|pixel art
|art nouveau poster|claymation|charcoal|double exposure|Baroque still life""".replace("\n", "").split("|")
TAGS = """masterpiece|best quality|highly detailed|8k|4K UHD|f/1.8|ISO 100|trending on artstation|Unreal Engine 5
|octane render|cinematic lighting|bokeh|HDR|--ar 16:9|:3|(detailed:1.3)|[blurry]|((sharp))|<lora:style:0.8>|BREAK""".replace(
    "\n", ""
).split("|")
CONTRACTIONS = "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'Ve 'LL 'x '' ’s ’re ʼs `s 's's n't o'clock y'all'd've rock'n'roll".split()
ENTITIES = "&amp; &lt;b&gt; &quot;hi&quot; &#39; &#x27; &nbsp; &eacute; &amp;amp; &notanentity; & &;".split()
WORDS_OF_THE_WORLD = """naïve café Ångström Straße STRASSE İstanbul ISTANBUL ıspanak ﬁne ﬀ Ǆungla ǅ ǆ ŉ ẞ ß ΟΔΥΣΣΕΥΣ Σίσυφος ς
русский Ёлка український Ελληνικά עברית العَرَبِيَّة فارسی हिन्दी বাংলা தமிழ் ไทย ភាសាខ្មែរ မြန်မာ 한국어 한국어 ქართული
ᲥᲐᲠᲗᲣᲚᲘ հայերեն አማርኛ ᏣᎳᎩ ꭰꭱ 中文 猫と犬 ﾊﾝｶｸ カタカナ ひらがな 漢字 𠮷野家 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝕊𝕥𝕪𝕝𝕖 ｆｕｌｌｗｉｄｔｈ ＡＢＣ １２３ ①② ⅷ Ⅷ ½ ² ³ ₂ ٣ ੩ 〇 𝟙𝟚 ª º ƻ ʰ
𐐀𐐁 𐐨 𐲀 𞤀""".split()
EMOJI = "🦊 ❤️ ❤ 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇯🇵 🇯 ☕️ ☺ 1️⃣ #️⃣ 🧑‍🚀 🫠 😀😃 ©️ ™ ♀".split()
PUNCTUATION = """!!! ??? ... … !?!? ---- — – -- ~~~ *** ### $$$ %% ^^ && ++ == // \\\\ || <> << >> [] {} () ;;; ::: ,,, .. . ' \" ` ´ “” „“ «» 。 、 ！？ ・ ※
_ __ a_b snake_case_word 3.14 1,000,000 1/2 50% $9.99 €5 #hash @user a@b.co http://x.y/z?q=1&r=2 C++ C# .NET :-) ¯\\_(ツ)_/¯ (╯°□°)╯ ≤≥≠ ∞ √2 → ← ★☆ ¿¡ § ¶ ° ± × ÷""".split()
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\r", "\v", "\f", "\u00a0", "\u1680", "\u2003", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u0085", "\x1c", "\x1d", "\x1e", "\x1f", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u180e", "\u00ad"]  # fmt: skip
CONTROLS = ["\x00", "\x01", "\x07", "\x08", "\x1b", "\x7f", "\x80", "\x9f", "\u0085", "\u200e", "\u202e", "\u2066", "\ufffd", "\ufffe", "\uffff", "\ue000", "\U000e0041", "\U0010ffff", "\ufe0f", "\u0378"]  # fmt: skip
MARKS = ["\u0301", "\u0308", "\u0327", "\u0323", "\u20dd", "\u0345", "\u034f", "\u0489", "\u093f", "\u3099", "\u0307", "\u05b0"]
SPECIAL = [END, START, "<|endoftext|", "<|EndOfText|>", "<|ENDOFTEXT|>", "|endoftext|>", "<|pad|>", f"{END}{END}", f"a{END}b", f"{START}x{END}"]
LONG_UNITS = ["a", "A", "ab", "0", "9", "!", "-", " ", "é", "猫", "🦊", "'", "'s", "x'", "a b ", "antidisestablishmentarianism ", END]
LONG_COUNTS = [2, 3, 7, 16, 77, 300]


def sentences(draw: random.Random, count: int) -> list[str]:
    def one() -> str:
        tags = ", ".join(draw.sample(TAGS, draw.randrange(5)))
        text = f"{draw.choice(['', 'a ', 'an ', 'The ', 'two '])}{draw.choice(SUBJECTS)}, {draw.choice(STYLES)}"
        text += f", {tags}" if tags else ""
        return draw.choice([str, str, str.upper, str.title, str.swapcase])(text)

    return [one() for _ in range(count)]


def mixtures(draw: random.Random, count: int) -> list[str]:
    """Pieces of every kind, joined with every kind of space or with none."""
    pieces = [*SUBJECTS, *TAGS, *CONTRACTIONS, *ENTITIES, *WORDS_OF_THE_WORLD, *EMOJI, *PUNCTUATION, *SPECIAL]
    joints = ["", "", " ", *SPACES, *CONTROLS, *MARKS]
    return ["".join(draw.choice(pieces) + draw.choice(joints) for _ in range(draw.randint(2, 7))) for _ in range(count)]


def assigned_characters(draw: random.Random, count: int) -> list[str]:
    """Runs of characters from anywhere in Unicode. Unassigned ones are left out: Unicode versions disagree on them."""
    found: list[str] = []
    while len(found) < count:
        start = draw.choice([draw.randrange(0x20, 0x250), draw.randrange(0x250, 0x10000), draw.randrange(0x10000, 0x20000)])
        run = "".join(chr(start + draw.randrange(24)) for _ in range(draw.randint(1, 6)))
        if all(unicodedata.category(character) not in ("Cn", "Cs") for character in run):
            found.append(run)
    return found


def prompts() -> list[str]:
    draw = random.Random(SEED)
    pieces = [*CONTRACTIONS, *ENTITIES, *WORDS_OF_THE_WORLD, *EMOJI, *PUNCTUATION, *SPACES, *CONTROLS, *SPECIAL]
    found = ["", "a photo of an astronaut riding a horse on mars", *pieces]
    found += [f"don{piece}t {piece} cat{piece}" for piece in pieces]
    found += [f"{piece}dog {piece}" for piece in pieces]
    found += [f"e{mark} o{mark}{mark} A{mark} {mark}" for mark in MARKS]
    found += [f"{word}{suffix}" for word in ("cat", "CAT", "it", "7", "é", "猫") for suffix in CONTRACTIONS]
    found += [unit * count for unit in LONG_UNITS for count in LONG_COUNTS]
    found += [unicodedata.normalize(form, word) for word in WORDS_OF_THE_WORLD for form in ("NFD", "NFKC", "NFKD")]
    found += [change(word) for word in WORDS_OF_THE_WORLD for change in (str.upper, str.lower, str.title)]
    found += [str(number) for number in (0, 7, 42, 1024, 2**32, 3.14159, "1e-5", "007", "2x4", "90s", "x264", "mp3")]
    found += [", ".join(sentences(draw, 6)) for _ in range(20)]
    found += sentences(draw, 700) + mixtures(draw, 1100) + assigned_characters(draw, 900)
    return list(dict.fromkeys(found))
