"""How a student is asked for an augmentation of a passage. Pure."""

from seedbed.dataset.hash_random import draw_lot
from seedbed.pipeline.kinds.retellings import family_of
from seedbed.pipeline.language import script_of

_ENGLISH = {
    "detailed_summary": (
        "Summarise the passage above in detail, leaving out nothing that matters.",
        "Write a thorough summary of this text that someone could read in its place.",
        "Retell the passage in your own words, with all its main points and their reasons.",
        "Give a full account of what the text says, shorter than the text itself.",
    ),
    "extractive_summary": (
        "Pick out the sentences of the passage that carry its meaning, and give them as they stand.",
        "Summarise the text above using only its own sentences.",
        "Which passages of the text must one keep? Quote them in order.",
        "Shorten the text to its key sentences without rewording them.",
    ),
    "atomic_facts": (
        "List the facts stated in the passage, one at a time, each understandable by itself.",
        "Break the text above down into single statements of fact.",
        "Write down every fact the passage gives, each as one short sentence.",
        "What can one learn from this text? Answer with a list of separate facts.",
    ),
}
_RETELLINGS = {
    "rewrite": (
        "Write the passage above anew, in other words, with all that it says.",
        "Say the same as this text in sentences of your own.",
        "Retell the whole text for someone who cannot read it.",
    ),
    "implications": (
        "What does the passage state, and what follows from it? Give one statement a line.",
        "List what is true if the text above is, each as a full sentence.",
        "Draw the conclusions that this text allows, one by one.",
    ),
    "dialogue": (
        "Turn the passage into a conversation between someone who asks and someone who knows.",
        "Write a dialogue in which all that the text says is said.",
        "Let two people, A and B, talk about what stands in the text above.",
    ),
    "question_list": (
        "Write questions that the passage answers, each with its answer.",
        "Make a list of questions and answers out of this text.",
        "Which questions does the text above answer, and how?",
    ),
}
_KOREAN_RETELLINGS = {
    "rewrite": (
        "위 글의 내용을 빠짐없이 다른 말로 다시 써 주세요.",
        "이 글과 같은 내용을 자신의 문장으로 말해 주세요.",
    ),
    "implications": (
        "위 글이 말하는 것과 그로부터 따라 나오는 것을 한 줄에 하나씩 써 주세요.",
        "이 글이 맞다면 또 무엇이 맞는지 완전한 문장으로 나열해 주세요.",
    ),
    "dialogue": (
        "위 글을 묻는 사람과 아는 사람의 대화로 바꿔 주세요.",
        "글의 내용이 모두 나오도록 A와 B의 대화를 써 주세요.",
    ),
    "question_list": (
        "위 글이 답하는 질문을 답과 함께 써 주세요.",
        "이 글로 질문과 답의 목록을 만들어 주세요.",
    ),
}
_KOREAN = {
    "detailed_summary": (
        "위 글을 중요한 내용이 빠지지 않도록 자세히 요약해 주세요.",
        "이 글을 읽지 않은 사람도 내용을 알 수 있게 상세한 요약문을 써 주세요.",
        "위 글의 요점과 그 근거를 모두 담아 자신의 말로 정리해 주세요.",
        "글의 내용을 원문보다 짧게, 그러나 충실하게 풀어 써 주세요.",
    ),
    "extractive_summary": (
        "위 글에서 핵심이 되는 문장을 골라 그대로 옮겨 주세요.",
        "글에 있는 문장만 사용하여 위 글을 요약해 주세요.",
        "꼭 남겨야 할 문장을 순서대로 인용해 주세요.",
        "문장을 고치지 말고 핵심 문장만 남겨 글을 줄여 주세요.",
    ),
    "atomic_facts": (
        "위 글에 나온 사실을 하나씩, 그 자체로 이해되도록 나열해 주세요.",
        "이 글을 개별 사실로 나누어 적어 주세요.",
        "위 글이 알려 주는 사실을 각각 짧은 한 문장으로 써 주세요.",
        "이 글에서 알 수 있는 사실을 목록으로 정리해 주세요.",
    ),
}
_OTHER = {
    "hangul": ("위 글을 다음 형식으로 다시 써 주세요: {name}.",),
    "": ("Rewrite the passage above in this form: {name}.",),
}


def choose_instruction(augmentation: str, text: str, identity: str) -> str:
    """One phrasing for this kind of augmentation, in the script of `text`, drawn by hash of `identity`."""
    korean = script_of(text) == "hangul"
    known = {**_KOREAN, **_KOREAN_RETELLINGS} if korean else {**_ENGLISH, **_RETELLINGS}
    phrasings = known.get(family_of(augmentation)) or _OTHER["hangul" if korean else ""]
    drawn = phrasings[draw_lot(identity, "instruction") % len(phrasings)]
    return drawn.format(name=augmentation.replace("_", " "))
