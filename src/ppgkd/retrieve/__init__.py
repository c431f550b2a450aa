"""Raw files: download or copy from a mirror, verification, terms of use."""
