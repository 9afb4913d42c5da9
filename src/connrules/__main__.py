"""`python -m connrules` is the command `connrules`."""

from connrules.cli import main

if __name__ == "__main__":
    main()
