"""The roles that subjects have in a study."""

REQUIRED_ROLES = ("train", "val", "test")
ROLES = (*REQUIRED_ROLES, "pretrain", "unlabelled")
"""Teachers first learn from ``pretrain``; students see ``unlabelled`` without the reference."""

BY_DATASET = "datasets"
"""Value of the key ``folds`` for folds that leave out one dataset each."""
