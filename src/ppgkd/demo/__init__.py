"""The student at work: a page in which an exported student runs in the browser.

`ppgkd.demo.write` writes it as a folder for any web server, `ppgkd.demo.serve` serves it on this
machine. The page itself is in ``page/``: what runs there follows the modules of
`ppgkd.inference`, `ppgkd.windows` and `ppgkd.datasets.own`, file by file, and gives the numbers of
``ppgkd predict``, or says why not.
"""
