"""Words to put in the place of others: small lists, sorted by what they are in a sentence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a language offers."""

    names: tuple[str, ...]
    nouns: tuple[str, ...]
    plurals: tuple[str, ...]
    adjectives: tuple[str, ...]
    trades: tuple[str, ...]
    places: tuple[str, ...]
    # Openings and endings for instructions, and closings for responses; `{…}` takes a word of that kind.
    openings: tuple[str, ...]
    endings: tuple[str, ...]
    closings: tuple[str, ...]
    # Sentences that vary a context.
    settings: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split("|"))


ENGLISH = Vocabulary(
    names=_words(
        """Amara Bruno Chiara Dmitri Elif Farid Greta Hugo Ines Jonas Kofi Leila Marek Nadia Otto Priya
        Quentin Rosa Soren Tamar Ulf Vera Wiktor Ximena Yusuf Zelda Mateo Noor Pilar Ravi"""
    ),
    nouns=_words(
        """anchor basket beacon blanket bridge cabinet candle canoe carpet cellar chimney compass
        curtain drawer engine fiddle fountain furnace garden hammer harbour helmet island jacket kettle
        ladder lantern magnet meadow mirror notebook orchard paddle parcel pillow quarry ribbon saddle
        satchel shutter telescope trumpet tunnel umbrella valley violin wagon whistle window workshop"""
    ),
    plurals=_words(
        """apples barrels bottles bricks buckets buttons cabbages cameras carrots clocks cushions
        dictionaries donkeys feathers ferries gloves herons insects jars kites lamps lemons letters maps
        marbles melons mushrooms needles onions paintings pebbles pigeons postcards pumpkins ropes
        rowers sailors seedlings shovels spoons statues tickets tiles trees turnips villages waggons
        walnuts"""
    ),
    adjectives=_words(
        """ancient bright broken careful cheap clumsy crooked curious distant dusty empty familiar
        fragile gentle golden heavy hollow humble lively lonely modest muddy narrow noisy ordinary
        patient polished quiet rapid rusty sharp silent slender spotless steep stubborn sturdy timid
        vivid wooden"""
    ),
    trades=_words(
        """archivist baker beekeeper bookbinder carpenter cartographer dentist ferryman florist gardener
        geologist glassblower librarian locksmith mason nurse pilot plumber potter surveyor tailor
        weaver"""
    ),
    places=_phrases(
        """the botanic garden|the bus depot|the chess club|the city archive|the community kitchen|
        the corner bakery|the evening school|the ferry landing|the fire station|the flower market|
        the foundry|the harbour office|the lighthouse|the mountain hut|the music school|the observatory|
        the old mill|the post office|the print shop|the railway museum|the town hall|the weather station"""
    ),
    openings=(
        "{Name}, who works as a {trade} at {place}, asks the following.",
        "Here is something for a {adjective} {trade} with {plural} to sort out.",
        "While counting {plural} near {place}, {Name} came upon this task.",
        "A {trade} called {Name} needs help with this before going to {place}.",
        "Take this one from {place}, where {Name} looks after the {plural}.",
        "Imagine a {adjective} {noun} on the desk of {Name} at {place}.",
        "",
        "",
    ),
    endings=(
        "Put the result in words that a {trade} would use.",
        "Keep it {adjective}, and end with a remark on {plural}.",
        "Add one short reason for {Name} at {place}.",
        "Then give a second example with a {noun}.",
        "Say how sure you are, as if to a {trade} called {Name}.",
        "Use no more than three sentences about {plural}.",
        "",
        "",
        "",
    ),
    closings=(
        "That is the answer to what was asked about {about}.",
        "In short, this settles the point about {about}, step by step and with its reason.",
        "To sum up, the reasoning about {about} follows from what was given and from nothing else.",
    ),
    settings=(
        "This was first noted at {place} by a {trade}.",
        "The example comes from {place}, where {plural} are kept.",
        "It was written for {Name}, a {adjective} {trade}.",
        "The {adjective} {noun} in the report belongs to {place}.",
    ),
)

KOREAN = Vocabulary(
    names=_words(
        """가온 나래 다온 도담 라온 마루 미르 보람 새봄 소담 슬기 아라 여울 온유 은결 이든 지음
    찬솔 하람 한별"""
    ),
    nouns=_words(
        """가방 거울 골목 공책 구두 기차 나침반 다리 달력 도시락 등대 마당 망치 모자 바구니 배낭 베개
        사다리 사전 상자 손수건 수건 수첩 시계 신문 안경 양말 엽서 우산 우체통 의자 이불 자전거 장갑
        전등 접시 주전자 지도 창문 책상 카메라 커튼 편지 피리 화분"""
    ),
    plurals=_words(
        """감자들 고구마들 단추들 도토리들 물병들 벽돌들 사과들 씨앗들 연필들 우표들 조약돌들
    조각상들 종이배들 호두들"""
    ),
    adjectives=_words(
        """가벼운 거친 고요한 낡은 넓은 느린 단단한 둥근 무거운 밝은 부지런한 새로운 서늘한
    오래된 작은 좁은 튼튼한 푸른"""
    ),
    trades=_words(
        """간호사 건축가 도예가 목수 사서 사진사 선생님 수의사 약사 양봉가 요리사 우체부 정원사
    제빵사 측량사 통역사"""
    ),
    places=_phrases(
        """강가 공방|기차역|동네 빵집|등대 옆 창고|마을 도서관|산속 오두막|시립 식물원|시청 민원실|
        야간 학교|어린이 박물관|음악 학원|작은 인쇄소|전통 시장|천문대|항구 사무실"""
    ),
    openings=(
        "{place}에서 일하는 {trade} {Name} 씨의 부탁입니다.",
        "{Name} 씨가 {place}에서 {noun}|을 정리하다가 떠올린 물음입니다.",
        "{adjective} {noun} 옆에 놓인 {trade}의 쪽지에 적힌 내용입니다.",
        "{trade} {Name} 씨에게 보낼 글이라고 생각하고 답해 주세요.",
        "",
    ),
    endings=(
        "{trade}에게 말하듯이 써 주세요.",
        "{noun}|을 넣은 보기를 하나 더 들어 주세요.",
        "{place}에 있는 {Name} 씨가 알아듣도록 이유도 한 문장 덧붙여 주세요.",
        "{adjective} {noun}에 빗대어 마무리해 주세요.",
        "",
        "",
    ),
    closings=(
        "이것이 {about}에 대한 답입니다.",
        "정리하면 {about}에 관해 주어진 내용만으로 이렇게 답할 수 있습니다.",
    ),
    settings=(
        "이 내용은 {place}에서 {trade} {Name} 씨가 적어 두었습니다.",
        "{adjective} {noun}에 관한 이야기도 함께 전해집니다.",
        "{place}에서는 {noun}|을 따로 보관한다고 합니다.",
    ),
)
