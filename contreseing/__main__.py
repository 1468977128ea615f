"""``python -m contreseing`` is the command ``contreseing``."""

from contreseing.cli import main

if __name__ == "__main__":
    main()
