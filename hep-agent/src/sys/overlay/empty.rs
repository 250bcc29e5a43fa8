//! A host with nothing on it but `/`: the base of the unit tests.
