//! Unix sockets without a file (unix(7)): who is on the other end, and open descriptors sent over them.

use nix::libc;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

/// 128 bits that nobody can guess, as 32 hexadecimal digits.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    io::Read::read_exact(&mut File::open("/dev/urandom")?, &mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Listens under a name; taking a connection does not wait.
pub(crate) fn listen(name: &str) -> io::Result<UnixListener> {
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Connects to who listens under a name.
pub(crate) fn connect(name: &str) -> io::Result<UnixStream> {
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)
}

/// The effective user of the process on the other end, when it connected or began to listen.
pub(crate) fn peer(stream: &UnixStream) -> io::Result<u32> {
    Ok(socket_peercred(stream)?.uid.as_raw())
}

/// Sends one byte, and copies of three descriptors with it.
pub(crate) fn send_descriptors(stream: &UnixStream, three: [BorrowedFd<'_>; 3]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&three)) {
        return Err(io::Error::from_raw_os_error(libc::ENOBUFS));
    }
    sendmsg(stream, &[IoSlice::new(b"+")], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Takes what [`send_descriptors`] sent.
pub(crate) fn receive_descriptors(stream: &UnixStream) -> io::Result<[File; 3]> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(stream, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, flags)?;
    let mut files = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            files.extend(descriptors.map(File::from));
        }
    }
    files.try_into().map_err(|_| io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    #[test]
    fn descriptors_cross_and_the_peer_is_known() {
        let name = random_name().unwrap();
        let listener = listen(&name).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let here = connect(&name).unwrap();
        let (there, _) = listener.accept().unwrap();
        let own = nix::unistd::geteuid().as_raw();
        assert_eq!((peer(&here).unwrap(), peer(&there).unwrap()), (own, own));
        let (mut reader, writer) = io::pipe().unwrap();
        send_descriptors(&here, [writer.as_fd(), writer.as_fd(), writer.as_fd()]).unwrap();
        let [mut first, ..] = receive_descriptors(&there).unwrap();
        first.write_all(b"sent").unwrap();
        drop((first, writer));
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "sent");
    }
}
