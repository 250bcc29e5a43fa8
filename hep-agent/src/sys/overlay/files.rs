//! `ObserveFiles` and `ChangeFiles` in memory.

use super::Overlay;
use crate::sys::Observe;
use crate::sys::SysError;
use crate::sys::files::*;
use hep_protocol::blob::Digest;
use hep_protocol::value::AbsPath;

/// What is different about files.
#[derive(Default)]
pub(super) struct Changed {}

impl<O: Observe> ObserveFiles for Overlay<O> {
    fn lstat(&self, _path: &AbsPath) -> Result<Option<Meta>, SysError> {
        Err(SysError::new("under construction"))
    }

    fn resolve(&self, _path: &AbsPath) -> Result<Option<AbsPath>, SysError> {
        Err(SysError::new("under construction"))
    }

    fn read_link(&self, _path: &AbsPath) -> Result<String, SysError> {
        Err(SysError::new("under construction"))
    }

    fn digest(&self, _path: &AbsPath) -> Result<Option<Digest>, SysError> {
        Err(SysError::new("under construction"))
    }

    fn read(&self, _path: &AbsPath, _limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        Err(SysError::new("under construction"))
    }

    fn wanted(&self, _content: &Content, _limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        Err(SysError::new("under construction"))
    }

    fn list(&self, _path: &AbsPath) -> Result<Vec<String>, SysError> {
        Err(SysError::new("under construction"))
    }

    fn user(&self, _name: &str) -> Result<Option<u32>, SysError> {
        Err(SysError::new("under construction"))
    }

    fn group(&self, _name: &str) -> Result<Option<u32>, SysError> {
        Err(SysError::new("under construction"))
    }

    fn user_name(&self, _uid: u32) -> Option<String> {
        None
    }

    fn group_name(&self, _gid: u32) -> Option<String> {
        None
    }

    fn own_ids(&self) -> (u32, u32) {
        (0, 0)
    }
}

impl<O: Observe> ChangeFiles for Overlay<O> {
    fn put_file(&mut self, _file: &NewFile) -> Result<(), SysError> {
        Err(SysError::new("under construction"))
    }

    fn set_attrs(&mut self, _path: &AbsPath, _attrs: &Attrs) -> Result<(), SysError> {
        Err(SysError::new("under construction"))
    }

    fn make_dir(&mut self, _path: &AbsPath, _attrs: &Attrs) -> Result<(), SysError> {
        Err(SysError::new("under construction"))
    }

    fn make_link(&mut self, _path: &AbsPath, _target: &str) -> Result<(), SysError> {
        Err(SysError::new("under construction"))
    }

    fn make_hardlink(&mut self, _path: &AbsPath, _target: &AbsPath) -> Result<(), SysError> {
        Err(SysError::new("under construction"))
    }

    fn remove(&mut self, _path: &AbsPath) -> Result<(), SysError> {
        Err(SysError::new("under construction"))
    }

    fn touch(&mut self, _path: &AbsPath) -> Result<(), SysError> {
        Err(SysError::new("under construction"))
    }
}
