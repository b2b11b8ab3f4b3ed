"""How good avatars are, as figures beside their targets: ``python -m dressform.avatar.bench``.

What is measured is read from the drawing (its layers, shapes and pixels) and from the photo with its parse, never from
the spec that stands between them, so that an error anywhere on the way shows.
"""
