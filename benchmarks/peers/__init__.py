"""Estimators of others, and the recommended student, behind one interface: see `peer.Peer`.

A file for each. What a peer needs is imported when the peer is made, so that one that is not
installed is in nobody's way.
"""
