"""See `checker`."""
import sys
import tempfile

import evidence
import ideal
import judgement
import report
import selftest


def main():
    words = sys.argv[1:]
    if words[:1] == ["--selftest"]:
        if len(words) > 1:
            return selftest.run(evidence.Evidence(words[1]))
        with tempfile.TemporaryDirectory(prefix="doorstep-checker.") as folder:
            ideal.write(folder)
            return selftest.run(evidence.Evidence(folder))
    if len(words) != 1 or words[0].startswith("-"):
        print("usage: checker FOLDER | checker --selftest [FOLDER]", file=sys.stderr)
        return 2
    found = evidence.Evidence(words[0])
    return 1 if report.tell(report.make(found, judgement.judge(found))) else 0


if __name__ == "__main__":
    sys.exit(main())
