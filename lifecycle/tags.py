"""The tags of a model version: what is intended with it, what became of it. They go with it from stage to stage."""

from __future__ import annotations

KEY = "perennial.key"  # the training: its data, code and parameters; versions made by the same are the same
DATASET = "perennial.dataset"  # the dataset version that it was trained on
LEARNT_SINCE = "perennial.learnt-since"  # ISO 8601, UTC: where it was trained on no row from before
RETRAINED = "perennial.retrained"  # in whose place it was trained, maybe its own; or that its retraining was asked for
VERDICT = "perennial.verdict"  # approved, promoted, rejected; none before its release
REASON = "perennial.reason"  # why it was rejected
APPROVED_BY = "perennial.approved-by"
APPROVED_AT = "perennial.approved-at"  # ISO 8601, UTC
APPROVED_OVER = "perennial.approved-over"  # the champion's version that it was compared with, or none
APPROVED_EVIDENCE = "perennial.approved-evidence"  # the digest of what the approval rests on
FORCED = "perennial.forced"  # by whom and why, where gates that failed did not stop its release; else empty
PROMOTED_AT = "perennial.promoted-at"  # ISO 8601, UTC
BATCH = "perennial.batch"  # whether it scores files by default: lifecycle.batch_default.BatchWord
CARD = "perennial.card"  # where people read its model card
ROLLOUT = "perennial.rollout"  # how far its rollout has come: lifecycle.rollout.Progress
LEFT = "perennial.left"  # where production went from it, when and why: lifecycle.going_back.Return; else empty
