//! Throwaway Debian hosts.
