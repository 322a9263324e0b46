"""CID 5000 and 5001: languages and countries, which the dictionary of codes leaves to RFC 5646 and ISO 3166."""

import re

from pydicom.sr.coding import Code

_ISO_639_1 = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
    es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka
    kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng
    nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su
    sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_LANGUAGES = frozenset(_ISO_639_1.split())
_TAG = re.compile(r"(?P<language>[A-Za-z]{2,3})(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-[A-Za-z0-9]{5,8})*")


def is_language(code: Code) -> bool:
    """A language tag; of the languages with three letters, which are thousands, the form alone."""
    tag = _TAG.fullmatch(code.value)
    if tag is None or code.scheme_designator not in ("RFC5646", "RFC3066", "ISO639_1", "ISO639_2"):
        return False
    return len(tag["language"]) == 3 or tag["language"].lower() in _LANGUAGES


def is_country(code: Code) -> bool:
    return code.scheme_designator in ("ISO3166_1", "ISO3166_2") and bool(re.fullmatch(r"[A-Z]{2,3}", code.value))
