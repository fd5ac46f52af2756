"""Writes a realistic day of contact requests as NDJSON, for `forbear send`.

    .venv/bin/python examples/realistic_day.py --count 500 > day.ndjson

The people do not exist. The same seed, count and day give the same file; sending it twice is answered the second time
from the first. Another --run makes other people. The creditors are those that `forbear demo` makes.
"""

import argparse
import sys
from datetime import UTC, date, datetime, time
from random import Random

from gateway.clock import SystemClock
from gateway.demo.day import lines_of, realistic_day


def main() -> None:
    """Write the day that the arguments describe."""
    parser = argparse.ArgumentParser(description="Write a realistic day of contact requests as NDJSON.")
    parser.add_argument("--count", type=int, default=500, help="how many requests (500)")
    parser.add_argument("--seed", type=int, default=2026, help="another seed gives another day (2026)")
    parser.add_argument("--day", type=date.fromisoformat, default=SystemClock().now().date(), help="today")
    parser.add_argument("--run", default="example", help="what ids and idempotency keys begin with (example)")
    wanted = parser.parse_args()
    at = datetime.combine(wanted.day, time(12), UTC)
    day = realistic_day(Random(wanted.seed), count=wanted.count, at=at, run=f"{wanted.run}-{wanted.day}")
    sys.stdout.buffer.writelines(lines_of(day))


if __name__ == "__main__":
    main()
