"""`perennial doctor`: what the service needs, looked at, a line each, with the command that mends what is not well."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from pydantic import ValidationError

from deployments import doctor_local, doctor_prefect
from platforms.checkup import Finding, Verdict, look_at_all, missing
from platforms.settings import Settings, load_settings

_MARK = {Verdict.OK: "OK", Verdict.MISSING: "MISSING", Verdict.WARNING: "WARNING", Verdict.UNKNOWN: "UNKNOWN"}


def doctor(as_json: bool) -> int:
    """Look, print, and the exit code: 1 if anything that is needed is missing."""
    findings = _findings()
    if as_json:
        print(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        _print(findings)
    return int(any(finding.verdict is Verdict.MISSING for finding in findings))


def _findings() -> list[Finding]:
    try:
        settings = load_settings()
        if settings.platform != "local":
            settings.require_azure()
    except ValidationError as error:
        return [_setting(one) for one in error.errors(include_input=False, include_url=False)]
    except LookupError as error:
        return [missing("settings", str(error), _start(error))]
    return _of(settings)


def _start(error: LookupError) -> str:
    """The message names what to do; a program wants the command alone."""
    return "perennial up --platform azure-emulated" if "emulator" in str(error) else "export PERENNIAL_AZURE__…=…"


def _setting(error: object) -> Finding:
    """Without the value that was given: it may be a secret."""
    details = dict(error)  # type: ignore[call-overload]
    name = "__".join(str(part).upper() for part in details["loc"])
    variable = f"PERENNIAL_{name}" if name else "PERENNIAL_AZURE__…"
    return missing(f"setting {variable}", str(details["msg"]), f"export {variable}=…   # docs/azure.md, step 6")


def _of(settings: Settings) -> list[Finding]:
    if settings.platform == "local":
        checks = doctor_local.checks(settings)
        return look_at_all(checks + (doctor_prefect.checks(settings) if settings.addresses else []))
    from platforms.azure.doctor import examine

    return examine(settings.require_azure()) + look_at_all(doctor_prefect.checks(settings))


def _print(findings: Sequence[Finding]) -> None:
    width = max(len(word) for word in _MARK.values())
    for finding in findings:
        told = f": {finding.told}" if finding.told else ""
        print(f"{_MARK[finding.verdict]:{width}}  {finding.what}{told}")
        if finding.mend and finding.verdict is not Verdict.OK:
            print(f"{'':{width}}    {finding.mend}")
    counts = Counter(_MARK[finding.verdict] for finding in findings)
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
