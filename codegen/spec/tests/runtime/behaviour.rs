//! What the code of the traps does: what is read, written and sent.
