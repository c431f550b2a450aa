"""Other estimators and the recommended student with one interface: see `peer.Peer`.

Each has a module. A peer's packages are imported when the peer is made, so the others run without
them.
"""
