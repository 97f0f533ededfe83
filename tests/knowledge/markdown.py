"""Markdown texts for the tests of the chunker."""

KOREAN = """---
제목: 정악
---
# 정악

정악은 궁중과 풍류방에서 연주되던 음악을 말한다. 아악, 당악, 향악의 세 갈래가 있다.

## 역사

정악의 뿌리는 신라까지 거슬러 올라간다. 고려 예종 때 송나라에서 대성아악이 들어왔다(1116년. 예종 11년).
세종 때 박연이 아악을 정비하였다. 그 뒤 임진왜란으로 많은 악기와 악보가 사라졌다.

### 아악

아악은 제례에 쓰인 음악이다.

- 편종: 열여섯 개의 종을 두 단에 매단 악기이다.
- 편경: 옥돌로 만든 악기이며, 음이 변하지 않는다.

## 악기

| 이름 | 재료 |
| --- | --- |
| 편종 | 쇠 |
| 편경 | 돌 |

```
# 제목이 아니다
쇠 = 金
```

> ## 인용문 안의 제목
> 악기는 여덟 가지 재료로 나뉜다.
"""

PIECES = [
    "# One",
    "## Two *with* marks",
    "### 셋",
    "Setext\n======",
    "Plain words in a row. And a second sentence! A third?",
    "정악은 궁중의 음악이다. 아악과 당악과 향악이 있다.",
    "他来了！我走了。" * 5,
    "- item one\n- item two\n  - nested\n\n  and more",
    "1. first\n2. second",
    "| a | b |\n| - | - |\n| 1 | 2 |\n| 3 | 4 |",
    "```py\n# no heading\n\nx = 1\n```",
    "    indented = code",
    "> quoted\n> # no heading either",
    "<div>\n<h1>raw</h1>\n</div>",
    "<!-- a comment -->",
    "![picture](only.png)",
    "[ref]: https://example.org/x",
    "---",
    "***",
    "word" * 200,
    "long sentence without an end " * 40,
    "\u2028odd \x0b\x0c breaks",
    "🐝" * 30,
    "~~~\nnever closed",
]
