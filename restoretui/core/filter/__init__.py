"""The one filter grammar: what a person types to narrow any list, as a tree; docs/filter.md has it as EBNF."""
