"""Frontend: modules, lifts and the `.lift` language, as the user writes them."""
