"""The roles that subjects have in a study."""

REQUIRED_ROLES = ("train", "val", "test")
ROLES = (*REQUIRED_ROLES, "pretrain", "unlabelled")
"""Teachers first learn from ``pretrain``; students see ``unlabelled`` without its reference."""

BY_DATASET = "datasets"
"""Value of the key ``folds`` with which each fold leaves out one dataset."""
