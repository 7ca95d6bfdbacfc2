"""三(二): what is issued without a person, and what waits for one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qianchuan_guarantee.errors import UserError

_SHIPPED = Path(__file__).with_name("policy.yaml")

Yuan = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)]


class Notices(BaseModel):
    """Where notices go: lines of JSON to a file, or each as JSON to a command's standard input.
    Neither: to notices.jsonl in the store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = None
    command: tuple[str, ...] | None = None


class Policy(BaseModel):
    """The review policy: what a proposal may be to be issued by the run itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issue_up_to_yuan: Yuan
    night_up_to_yuan: Yuan
    wait_if_held_before: bool
    wait_if_logs_corrected: bool
    wait_if_cheating_within_days: Annotated[int, Field(ge=0)]
    approver_differs_from_proposer: bool
    notices: Notices = Notices()


class Circumstances(BaseModel):
    """What is known of a proposal when it is made."""

    model_config = ConfigDict(frozen=True)

    purpose: str
    amount_fen: int
    is_night_too_large: bool
    was_held: bool
    is_corrected: bool
    is_advertiser_cheating: bool
    was_refused: bool
    was_released: bool


def load_policy(path: Path | None) -> Policy:
    """The policy of a file, or the shipped one; a UserError names file, key and what is right."""
    import yaml

    from qianchuan_guarantee import plain_yaml

    path = path or _SHIPPED
    try:
        # Texts only: a YAML number would be a binary float before anybody could look at it.
        _, document = plain_yaml.read(path.read_text(encoding="utf-8"), plain_yaml.TextLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UserError(f"{path}: {key}: {first['msg']}; found {first['input']!r:.80}") from error


def what_waits(policy: Policy, of: Circumstances) -> list[str]:
    """Why a proposal waits for a person; nothing: it is issued at once."""
    limit = int(policy.issue_up_to_yuan * 100)
    asked = {
        "supplement": of.purpose == "supplement",
        "amount": abs(of.amount_fen) > limit,
        "night": of.is_night_too_large,
        "held_before": policy.wait_if_held_before and of.was_held,
        "corrected": policy.wait_if_logs_corrected and of.is_corrected,
        "cheating": of.is_advertiser_cheating,
        "refused_before": of.was_refused,
        "released": of.was_released,
    }
    return [code for code, waits in asked.items() if waits]
