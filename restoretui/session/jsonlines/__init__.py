"""The JSON lines: every name in them, and every line, is made here and nowhere else.

``words`` is the vocabulary, ``kinds`` what each type of line has of it, ``summaries`` what each command ends with;
``schema`` makes a JSON Schema of the three. The other modules turn records into fields, and ``line`` these into text.
"""
