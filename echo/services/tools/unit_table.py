"""The units that are known, each by an exact factor to the first unit of its kind.

Sources: BIPM, *The International System of Units* (9th ed., 2019) for SI units and those accepted beside
them; NIST Special Publication 811 (2008), appendix B, for the others: the international yard and pound of
1959, the US gallon of 231 cubic inches, the thermochemical calorie, the British thermal unit (IT); the UK's
Units of Measurement Regulations 1995 for the imperial gallon of 4.54609 L; IEC 80000-13 for kibi, mebi, gibi.
What has several sizes and no usual one (ton, month, year) is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

INCH: Final = "0.0254"
FOOT: Final = "0.3048"
POUND: Final = "0.45359237"
US_GALLON: Final = Fraction("3.785411784")
UK_GALLON: Final = Fraction("4.54609")


@dataclass(frozen=True)
class Unit:
    """`amount * factor + offset` is the same in the first unit of its kind."""

    kind: str
    symbol: str
    factor: Fraction
    offset: Fraction = Fraction(0)


Row = tuple[str, Fraction | str, str]
"""The symbol, the factor, and names apart by commas; `+s` gives the plural too."""
TABLE: Final[dict[str, tuple[Row, ...]]] = {
    "length": (
        ("m", "1", "metre+s, meter+s"),
        ("km", "1000", "kilometre+s, kilometer+s, kms"),
        ("cm", "0.01", "centimetre+s, centimeter+s"),
        ("mm", "0.001", "millimetre+s, millimeter+s"),
        ("µm", "0.000001", "micrometre+s, micrometer+s, um, μm"),
        ("nm", "0.000000001", "nanometre+s, nanometer+s"),
        ("in", INCH, "inch, inches"),
        ("ft", FOOT, "foot, feet"),
        ("yd", "0.9144", "yard+s, yds"),
        ("mi", "1609.344", "mile+s"),
        ("nmi", "1852", "nautical mile+s"),
        ("ly", "9460730472580800", "light year+s, light-year+s"),
    ),
    "mass": (
        ("kg", "1", "kilogram+s, kilo+s, kgs"),
        ("g", "0.001", "gram+s, gramme+s"),
        ("mg", "0.000001", "milligram+s"),
        ("µg", "0.000000001", "microgram+s, ug, μg, mcg"),
        ("t", "1000", "tonne+s, metric ton+s"),
        ("lb", POUND, "pound+s, lbs"),
        ("oz", Fraction(POUND) / 16, "ounce+s"),
        ("st", Fraction(POUND) * 14, "stone+s"),
        ("short ton", Fraction(POUND) * 2000, "short tons, us ton+s"),
        ("long ton", Fraction(POUND) * 2240, "long tons, imperial ton+s"),
    ),
    "volume": (
        ("L", "1", "litre+s, liter+s"),
        ("mL", "0.001", "millilitre+s, milliliter+s"),
        ("cL", "0.01", "centilitre+s, centiliter+s"),
        ("dL", "0.1", "decilitre+s, deciliter+s"),
        ("m³", "1000", "cubic metre+s, cubic meter+s, m3, m^3"),
        ("cm³", "0.001", "cubic centimetre+s, cubic centimeter+s, cm3, cm^3, cc"),
        ("US gal", US_GALLON, "gallon+s, us gallon+s, gal"),
        ("US qt", US_GALLON / 4, "quart+s, us quart+s, qt"),
        ("US pt", US_GALLON / 8, "us pint+s"),
        ("US cup", US_GALLON / 16, "cup+s, us cup+s"),
        ("US fl oz", US_GALLON / 128, "fluid ounce+s, us fluid ounce+s, fl oz"),
        ("US tbsp", US_GALLON / 256, "tablespoon+s, tbsp"),
        ("US tsp", US_GALLON / 768, "teaspoon+s, tsp"),
        ("imp gal", UK_GALLON, "imperial gallon+s, uk gallon+s"),
        ("imp pt", UK_GALLON / 8, "imperial pint+s, uk pint+s"),
    ),
    "temperature": (
        ("K", "1", "kelvin+s"),
        ("°C", "1", "celsius, degree+s celsius, degrees c, C, centigrade"),
        ("°F", Fraction(5, 9), "fahrenheit, degree+s fahrenheit, degrees f, F"),
    ),
    "speed": (
        ("m/s", "1", "metres per second, meters per second"),
        ("km/h", Fraction(5, 18), "kph, kmh, kilometres per hour, kilometers per hour"),
        ("mph", "0.44704", "miles per hour, mi/h"),
        ("kn", Fraction(1852, 3600), "knot+s"),
        ("ft/s", FOOT, "feet per second"),
    ),
    "time": (
        ("s", "1", "second+s, sec, secs"),
        ("ms", "0.001", "millisecond+s"),
        ("min", "60", "minute+s, mins"),
        ("h", "3600", "hour+s, hr, hrs"),
        ("days", "86400", "day, d"),
        ("weeks", "604800", "week"),
    ),
    "data": (
        ("B", "8", "byte+s"),
        ("bit", "1", "bits"),
        ("kB", "8000", "kilobyte+s, KB"),
        ("MB", "8000000", "megabyte+s"),
        ("GB", "8000000000", "gigabyte+s"),
        ("TB", "8000000000000", "terabyte+s"),
        ("PB", "8000000000000000", "petabyte+s"),
        ("KiB", "8192", "kibibyte+s"),
        ("MiB", "8388608", "mebibyte+s"),
        ("GiB", "8589934592", "gibibyte+s"),
        ("TiB", "8796093022208", "tebibyte+s"),
        ("kbit", "1000", "kilobit+s, kb"),
        ("Mbit", "1000000", "megabit+s, Mb"),
        ("Gbit", "1000000000", "gigabit+s, Gb"),
    ),
    "area": (
        ("m²", "1", "square metre+s, square meter+s, m2, m^2, sqm, sq m"),
        ("km²", "1000000", "square kilometre+s, square kilometer+s, km2, km^2, sq km"),
        ("cm²", "0.0001", "square centimetre+s, square centimeter+s, cm2, cm^2"),
        ("ha", "10000", "hectare+s"),
        ("acres", Fraction(FOOT) ** 2 * 43560, "acre"),
        ("ft²", Fraction(FOOT) ** 2, "square foot, square feet, sq ft, sqft, ft2, ft^2"),
        ("in²", Fraction(INCH) ** 2, "square inch, square inches, sq in"),
        ("mi²", Fraction("1609.344") ** 2, "square mile+s, sq mi"),
    ),
    "energy": (
        ("J", "1", "joule+s"),
        ("kJ", "1000", "kilojoule+s"),
        ("MJ", "1000000", "megajoule+s"),
        ("cal", "4.184", "small calorie+s"),
        ("kcal", "4184", "kilocalorie+s, kcals"),
        ("Wh", "3600", "watt hour+s, watt-hour+s"),
        ("kWh", "3600000", "kilowatt hour+s, kilowatt-hour+s"),
        ("BTU", "1055.05585262", "british thermal unit+s, btus"),
        ("eV", "1.602176634e-19", "electronvolt+s, electron volt+s"),
    ),
}
OFFSETS: Final = {"°C": Fraction("273.15"), "°F": Fraction("273.15") - Fraction(5, 9) * 32}


def _units() -> tuple[dict[str, Unit], dict[str, Unit]]:
    """Return the units by their signs as they stand, and by names in small letters."""
    signs: dict[str, Unit] = {}
    names: dict[str, set[Unit]] = {}
    for kind, rows in TABLE.items():
        for symbol, factor, words in rows:
            unit = Unit(kind, symbol, Fraction(factor), OFFSETS.get(symbol, Fraction(0)))
            for name in _names(symbol, words):
                signs[name] = unit
                names.setdefault(name.lower(), set()).add(unit)
    return signs, {name: found.pop() for name, found in names.items() if len(found) == 1}


def _names(symbol: str, words: str) -> list[str]:
    found = [symbol]
    for word in words.split(", "):
        found += [word.removesuffix("+s"), word.replace("+s", "s")]
    return found


SIGNS, NAMES = _units()


def unit(text: str) -> Unit | None:
    """Return the unit of this sign or name; a sign that means several in small letters needs its own case."""
    text = text.strip().removesuffix(".").removeprefix("of ")
    return SIGNS.get(text) or NAMES.get(text.lower())
