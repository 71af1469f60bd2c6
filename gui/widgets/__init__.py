"""Small widgets every page uses: a value with its unit and age, a state badge, the face of an empty place."""
