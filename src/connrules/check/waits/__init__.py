"""Waits: delays, windows and exceptions, and whether they can do anything (CR3xx)."""
