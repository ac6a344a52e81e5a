"""What the words of a rich text mean; see the Rich Text Format Specification 1.9.1 (Microsoft, 2008)."""

import codecs

UNSEEN = {
    *("colortbl", "pict", "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"),
    *("annotation", "atnid", "atnauthor", "nonesttables", "shprslt", "sp", "xe", "tc", "txe", "rxe", "private"),
    *("objclass", "objname", "objdata", "bkmkstart", "bkmkend", "template", "falt", "panose", "keycode"),
}
"""Groups whose text a page does not show, or shows elsewhere."""
STARRED = {"shpinst", "shptxt", "fldinst", "pntext"}
"""Groups that old readers are told to pass over, and that are read here."""
CHARACTERS = {
    "tab": "\t",
    "line": "\n",
    "softline": "\n",
    "page": "\n",
    "column": "\n",
    "nestcell": " ",
    "nestrow": "\n",
    "emdash": "\u2014",
    "endash": "\u2013",
    "bullet": "\u2022",
    "~": "\u00a0",
    "_": "\u2011",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
}
PAGES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
CHARSETS = {
    77: "mac_roman",
    78: "shift_jis",
    79: "big5",
    80: "euc_kr",
    81: "mac_arabic",
    83: "mac_greek",
    84: "mac_cyrillic",
    85: "gb2312",
    86: "mac_turkish",
    88: "mac_latin2",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gbk",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
r"""`\fcharsetN` of a font, RTF 1.9.1 specification, font table; others are the document's own code page."""


def codec_of_page(number: int) -> str:
    r"""The codec of `\ansicpgN`; Windows' Latin-1 for pages that Python does not know."""
    name = {65001: "utf-8", 10000: "mac_roman"}.get(number, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"
