"""`python -m stablelift` is the `stablelift` command."""

from stablelift.command import main

main(prog_name="stablelift")
