"""What a test's mail server reads of a mail: enough to say which message it is, to whom, about what, and in which language."""
import base64
import binascii
import json
import re

# What a mail says of itself: the machine-readable block that mail programs read (schema.org, JSON-LD).
LINKED_DATA = re.compile(rb'<script type="application/ld\+json">(.*?)</script>', re.S)
HEADER = re.compile(rb"^([A-Za-z-]+):[ \t]*(.*(?:\r\n[ \t].*)*)\r\n", re.M)
LANGUAGE = re.compile(rb'<html[^>]* lang="([^"]+)"')
BOUNDARY = re.compile(rb'boundary="([^"]+)"')
PAGE = re.compile(rb"https?://[^\s\"'<>]+/t/[\w-]+")


def find(tree, name, into):
    """Every value of the member `name`, wherever it stands."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == name and isinstance(value, str):
                into.add(value)
            find(value, name, into)
    elif isinstance(tree, list):
        for value in tree:
            find(value, name, into)
    return into


def parts_of(head, body):
    """Each part of a multipart body: whether it is HTML, and its bytes."""
    boundary = BOUNDARY.search(head)
    for part in body.split(b"--" + boundary.group(1)) if boundary else ():
        head, _, content = part.partition(b"\r\n\r\n")
        low = head.lower()
        if b"quoted-printable" in low:
            content = binascii.a2b_qp(content)
        elif b"base64" in low:
            content = base64.b64decode(content)
        if b"text/" in low:
            yield b"text/html" in low, content


def told_apart(found):
    """What a look for the marks of the stream has found: tracking numbers, and what is personal."""
    words = sorted({one.decode() for one in found})
    return [one for one in words if one.startswith("TN")], [one for one in words if not one.startswith("TN")]


def read_mail(raw, look=None):
    """What the ledger keeps of a mail. `look`: a pattern of which every occurrence is kept, wherever in the mail it stands: tracking
    numbers as `all_numbers`, while `numbers` are those of the machine-readable block, and all else as `seen`."""
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = {name.lower().decode(): value.decode("utf-8", "replace") for name, value in HEADER.findall(head + b"\r\n")}
    orders, numbers, language, pages = set(), set(), "", set()
    seen = set(look.findall(head)) if look else set()
    for is_html, content in parts_of(head, body):
        if look:
            seen.update(look.findall(content))
        if not is_html:
            continue
        if found := LANGUAGE.search(content):
            language = found.group(1).decode()
        pages.update(PAGE.findall(content))
        for block in LINKED_DATA.findall(content):
            data = json.loads(block)
            find(data, "orderNumber", orders)
            find(data, "trackingNumber", numbers)
    all_numbers, seen = told_apart(seen)
    stage, _, rest = headers.get("feedback-id", "").partition(":")
    return {
        "message_id": headers.get("message-id", ""),
        "to": headers.get("to", ""),
        "subject": headers.get("subject", ""),
        "stage": stage,
        "brand": rest.partition(":")[0],
        "orders": sorted(orders),
        "numbers": sorted(numbers),
        "all_numbers": all_numbers,
        "language": language,
        "pages": sorted(page.decode() for page in pages),
        "seen": seen,
        "bytes": len(raw),
    }
