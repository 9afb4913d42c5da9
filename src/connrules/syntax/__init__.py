"""Source text to syntax tree and back: scanner, parser, formatter. The only package that knows Lark."""
