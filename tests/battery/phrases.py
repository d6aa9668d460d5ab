"""What a mail's subject says, in the four languages of the product: written down by hand, so that words which do not fit the facts are
seen as such, whatever a header says of them. Each stage has all that its subject may be; what varies with the facts stands in groups:
`order`, `day` and `month` of the arrival, `number` of `of` parcels, `handed` (to whom), `reason`, `carrier`.
"""
import email.header
import re
from datetime import date

DAY = {"en": r"[A-Z]\w+ (?P<day>\d+) (?P<month>\w+)", "pl": r"\w+, (?P<day>\d+) (?P<month>\w+)", "uk": r"[\w'’ʼ]+, (?P<day>\d+) (?P<month>\w+)",
       "pt-BR": r"[\w-]+, (?P<day>\d+) de (?P<month>\w+)"}
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "pt-BR": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
# The only parcel, and one of several, as they stand at the beginning of a subject.
PART = {
    "en": ("Your parcel", r"Parcel (?P<number>\d) of (?P<of>\d)"), "pl": ("Twoja paczka", r"Paczka (?P<number>\d) z (?P<of>\d)"),
    "uk": ("Ваша посилка", r"Посилка (?P<number>\d) з (?P<of>\d)"), "pt-BR": ("Seu pacote", r"O pacote (?P<number>\d) de (?P<of>\d)"),
}
# The same as an object, where that differs.
WHOM = {"uk": ("Вашу посилку", r"Посилку (?P<number>\d) з (?P<of>\d)")}
# To whom it was handed over: said behind "was delivered", and left out where it is the recipient.
HANDED = {
    "en": {"neighbour": " to a neighbour", "safe_place": " in a safe place", "locker": " in a parcel locker"},
    "pl": {"neighbour": " do sąsiada", "safe_place": " w bezpieczne miejsce", "locker": " do automatu paczkowego"},
    "uk": {"neighbour": " сусідам", "safe_place": " в надійне місце", "locker": " до поштомата"},
    "pt-BR": {"neighbour": " a um vizinho", "safe_place": " em um lugar seguro", "locker": " em um armário de encomendas"},
}
REASONS = {
    "en": {"address_wrong": "Please check the address for {part}", "customs_documents": "Customs needs papers for {part}", "payment_due": "A payment is due for {part}"},
    "pl": {"address_wrong": "Sprawdź, proszę, adres swojej paczki", "customs_documents": "Urząd celny potrzebuje dokumentów do Twojej paczki",
           "payment_due": "{Part} czeka na płatność"},
    "uk": {"address_wrong": "Перевірте, будь ласка, адресу для посилки", "customs_documents": "Митниці потрібні документи для вашої посилки",
           "payment_due": "{Part} чекає на оплату"},
    "pt-BR": {"address_wrong": "Confira o endereço do seu pacote", "customs_documents": "A alfândega precisa de documentos do seu pacote",
              "payment_due": "Falta um pagamento para o seu pacote"},
}
SUBJECTS = {
    "en": {
        "confirmed": ("Order {order} is confirmed", ", arriving on {day}"), "shipped": ("{Part} is on its way", ", arriving on {day}"),
        "out_for_delivery": "{Part} arrives today", "attempt_failed": "{carrier} could not hand over {part}",
        "available_for_pickup": "{Part} is ready to collect", "delivered": "{Part} was delivered{handed}",
        "order_complete": "Order {order} is complete: all {of} parcels were delivered", "cancelled": "Your order {order} is cancelled",
        "returning": "{Part} is on its way back to us", "returned": "{Part} is back with us", "lost": "{Part} is lost, and we put it right",
    },
    "pl": {
        "confirmed": ("Zamówienie {order} potwierdzone", ", dostawa we? {day}"), "shipped": ("{Part} jest w drodze", ", dotrze we? {day}"),
        "out_for_delivery": "{Part} dotrze dzisiaj", "attempt_failed": "{carrier}: nie udało się doręczyć Twojej paczki",
        "available_for_pickup": "{Part} czeka na odbiór", "delivered": "{Part} została doręczona{handed}",
        "order_complete": "Zamówienie {order} w komplecie: wszystkie {of} paczki zostały doręczone", "cancelled": "Zamówienie {order} zostało anulowane",
        "returning": "{Part} wraca do nas", "returned": "{Part} wróciła do nas", "lost": "{Part} zaginęła, a my to naprawimy",
    },
    "uk": {
        "confirmed": ("Замовлення {order} підтверджено", ", доставка [ув] {day}"), "shipped": ("{Part} в дорозі", ", прибуде [ув] {day}"),
        "out_for_delivery": "{Part} прибуде сьогодні", "attempt_failed": "{carrier}: не вдалося вручити вашу посилку",
        "available_for_pickup": "{Part} чекає на вас", "delivered": "{Whom} доставлено{handed}",
        "order_complete": "Замовлення {order} доставлено повністю: усі {of} посилки у вас", "cancelled": "Замовлення {order} скасовано",
        "returning": "{Part} повертається до нас", "returned": "{Part} повернулася до нас", "lost": "{Part} загубилася, і ми це виправимо",
    },
    "pt-BR": {
        "confirmed": ("Pedido {order} confirmado", ", com entrega n[oa] {day}"), "shipped": ("{Part} está a caminho", " e chega n[oa] {day}"),
        "out_for_delivery": "{Part} chega hoje", "attempt_failed": "{carrier} não conseguiu entregar seu pacote",
        "available_for_pickup": "{Part} está pronto para retirada", "delivered": "{Part} foi entregue{handed}",
        "order_complete": "Pedido {order} completo: todos os {of} pacotes foram entregues", "cancelled": "O pedido {order} foi cancelado",
        "returning": "{Part} está voltando para nós", "returned": "{Part} voltou para nós", "lost": "{Part} foi extraviado, e nós vamos resolver",
    },
}
CARRIERS = {"dpd": "DPD", "inpost": "InPost", "dhl": "DHL", "nova-poshta": "Nova Poshta", "correios": "Correios"}


def filled(text, values):
    for name, value in values.items():
        text = text.replace("{%s}" % name, value)
    return text


def compiled():
    """A pattern for each language and stage."""
    patterns = {}
    for language, stages in SUBJECTS.items():
        part, whom = ("(?:%s|%s)" % forms for forms in (PART[language], WHOM.get(language, PART[language])))
        handed = "(?P<handed>" + "|".join(HANDED[language].values()) + "|)"
        values = {"Part": part, "Whom": whom, "part": "your parcel", "handed": handed, "order": r"(?P<order>\d+)", "of": r"(?P<of>\d)",
                  "carrier": "(?P<carrier>.+)", "day": DAY[language]}
        for stage, text in stages.items():
            text, tail = text if isinstance(text, tuple) else (text, "")
            patterns[language, stage] = re.compile(filled(f"{text}(?:{tail})?", values))
        reasons = "|".join(f"(?P<{name}>{text})" for name, text in REASONS[language].items())
        patterns[language, "exception"] = re.compile(filled(reasons, values))
    return patterns


PATTERNS = compiled()


def scans_of(order, shipment):
    parts = [event["data"].get("shipment") or {} for event in order.events]
    return [part for part in parts if shipment and part.get("id") == shipment]


def example(language, stage, order, shipment):
    """A subject that says what is so, in its shortest form."""
    scans = scans_of(order, shipment)
    text = SUBJECTS[language].get(stage) or REASONS[language][next(scan["reason"] for scan in scans if "reason" in scan)]
    handed = next((HANDED[language].get(scan["handover"], "") for scan in scans if "handover" in scan), "")
    values = {"Part": PART[language][0], "Whom": WHOM.get(language, PART[language])[0], "part": "your parcel", "handed": handed,
              "order": order.id, "of": str(len(order.numbers)), "carrier": CARRIERS[scans[-1]["carrier"]] if scans else ""}
    return filled(text[0] if isinstance(text, tuple) else text, values)


def subject_of(raw):
    """A header as people read it."""
    return str(email.header.make_header(email.header.decode_header(re.sub(r"\r?\n[ \t]", " ", raw))))


def wrong(one, order, shipment):
    """What a mail's subject says that is not so; None where all of it is."""
    subject = subject_of(one["subject"])
    pattern = PATTERNS.get((one["language"], one["stage"]))
    found = pattern.fullmatch(subject) if pattern else None
    if not found:
        return f"{one['stage']} is told as {subject!r}"
    said = found.groupdict()
    scans = scans_of(order, shipment)
    if said.get("order") not in (None, order.id):
        return f"of order {said['order']}"
    if said.get("day"):
        promised = date.fromisoformat(order.events[0]["data"]["order"]["promise"]["date"])
        if (int(said["day"]), said["month"]) != (promised.day, MONTHS[one["language"]].split()[promised.month - 1]):
            return f"{said['day']} {said['month']}, promised for {promised}"
    if said.get("of") and not int(said.get("number") or 1) <= int(said["of"]) <= len(order.numbers):
        return f"{subject!r} of {len(order.numbers)} parcels"
    if "handed" in said:
        handed = {HANDED[one["language"]].get(scan["handover"], "") for scan in scans if "handover" in scan}
        return None if said["handed"] in handed else f"handed over{said['handed']}, not{handed}"
    if one["stage"] == "exception" and not any(said.get(scan.get("reason")) for scan in scans):
        return f"{subject!r}, for another reason"
    if said.get("carrier") and said["carrier"] not in [CARRIERS[scan["carrier"]] for scan in scans]:
        return f"by {said['carrier']}"
    return None
