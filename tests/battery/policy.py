"""Brand policies, read from the same TOML as the worker reads. The defaults are those that `deploy/doorstep.toml` documents."""
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

STAGES = (
    "confirmed packed shipped arriving_soon out_for_delivery attempt_failed available_for_pickup pickup_reminder delivered "
    "order_complete delay_expected delay_again back_on_time exception correction returning returned lost cancelled "
    "return_requested feedback"
).split()
OFF = {"packed", "arriving_soon"}
TEXTED = set("shipped out_for_delivery attempt_failed available_for_pickup pickup_reminder delivered delay_expected exception".split())
# News that the merge window may join into one message. The documentation says "every stage of progress" and lists none.
PROGRESS = set(
    "confirmed packed shipped arriving_soon out_for_delivery attempt_failed available_for_pickup delivered order_complete".split()
)
LANGUAGES = ["en", "pl", "uk", "pt-BR"]
NEVER = timedelta(days=36500)
UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text):
    """`10m` and its like; `none` is for ever."""
    if text == "none":
        return NEVER
    parts = re.findall(r"(\d+)\s*(ms|s|m|h|d|w)", text)
    if not parts:
        raise ValueError(f"not a duration: {text!r}")
    return sum((timedelta(**{UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


class Stage:
    """What a brand decided about one stage."""

    def __init__(self, name, own, merge_window):
        default = [] if name in OFF else ["email", "sms"] if name in TEXTED else ["email"]
        self.channels = own.get("channels", default)
        # None: the brand did not say. Which stages a gift's recipient hears of by default is not documented.
        self.roles = own.get("roles")
        window = own.get("merge_window")
        self.window = duration(window) if window else merge_window if name in PROGRESS else timedelta()


class Brand:
    """One brand's voice and policy, as far as they decide who is told what."""

    def __init__(self, own, has_pages=False):
        policy = own.get("policy", {})
        self.age_limit = duration(policy.get("age_limit", "48h"))
        self.superseded = policy.get("superseded", "drop")
        merge_window = duration(policy.get("merge_window", "10m"))
        self.stages = {name: Stage(name, policy.get("stages", {}).get(name, {}), merge_window) for name in STAGES}
        cap = {"email": 20, "sms": 8} | policy.get("cap_per_day", {})
        self.cap = {channel: number or None for channel, number in cap.items()}
        quiet = policy.get("quiet", {})
        # By channel: the hours in which it speaks, by country (None: all others).
        self.hours = {channel: speaking_hours(channel, quiet.get(channel, {})) for channel in ("email", "sms")}
        self.languages = own.get("languages") or LANGUAGES
        self.default_language = own.get("default_language", "en")
        self.zone = ZoneInfo(own.get("time_zone", "UTC"))
        self.has_pages = has_pages

    def language(self, locale):
        """The language that a person with this BCP 47 locale is told in."""
        wanted = (locale or "").replace("_", "-").lower()
        for language in self.languages:
            if language.lower() == wanted:
                return language
        for language in self.languages:
            if wanted and language.split("-")[0].lower() == wanted.split("-")[0]:
                return language
        return self.default_language


def speaking_hours(channel, own):
    """When messages go out. Mails have no quiet hours unless the brand asks for them."""
    start, until = ("08:00", "21:00") if channel == "sms" or own else ("00:00", "24:00")
    hours = {None: (clock(own.get("from", start)), clock(own.get("until", until)))}
    return hours | {country: (clock(one), clock(other)) for country, (one, other) in own.get("by_country", {}).items()}


def clock(text):
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


class Policies:
    """All brands of one configuration file."""

    def __init__(self, config):
        voice = config.get("voice", {})
        self.default_brand = voice.get("default_brand", "shop")
        pages = bool(config.get("links", {}).get("base_url"))
        brands = dict(config.get("brands", {}))
        if voice.get("folder"):
            for file in sorted(Path(voice["folder"]).glob("*/brand.toml")):
                brands[file.parent.name] = tomllib.loads(file.read_text(encoding="utf-8"))
        self.brands = {name: Brand(own, pages) for name, own in brands.items()}
        self.plain = Brand({}, pages)

    @classmethod
    def load(cls, path):
        with open(path, "rb") as file:
            return cls(tomllib.load(file))

    def of(self, brand):
        """A brand's policy; None for a brand whose events are refused."""
        return self.brands.get(brand) if self.brands else self.plain
