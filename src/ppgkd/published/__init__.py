"""Published models as teachers: what they are, what they get, and what their answers become.

A published model needs packages that nothing else here needs, so it runs in an environment of its
own, from one file to another. What goes in is prepared here, and what comes out is read here.
"""
