"""How long X takes a text to be: its weighted count, the same here and in the browser.

Source of the numbers: X's counting of characters, version 3 of its published configuration.
"""
