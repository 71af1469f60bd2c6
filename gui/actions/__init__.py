"""Everything the window can be told to do, as data: one entry per action, menus are lists of keys."""
