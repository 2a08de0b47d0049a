//! Binding all listeners, or saying in one sentence why not.

use crate::{config::Config, service::Service};
use socket2::{Domain, Socket, Type};
use std::{io, net::SocketAddr};
use tokio::net::TcpListener;

/// A listener that clients can connect to already.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) service: Service,
    /// Where it listens; the port is the real one even if any was asked for.
    pub(crate) address: SocketAddr,
    pub(super) listener: TcpListener,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    #[error("port {} on {} is already in use; stop the other program or choose another with --{service}-port", address.port(), address.ip())]
    Taken { service: &'static str, address: SocketAddr },
    #[error("port {} on {} is not for everybody; choose one from 1024 up with --{service}-port, or give the program the right to it", address.port(), address.ip())]
    Forbidden { service: &'static str, address: SocketAddr },
    #[error("{0} is not an address of this machine; choose another with --listen")]
    NotOurs(std::net::IpAddr),
    #[error("cannot listen on {address} for {service}: {error}")]
    Other { service: &'static str, address: SocketAddr, error: io::Error },
    #[error("all ports are off; there is nothing to serve")]
    Nothing,
}

impl BindError {
    /// Why this service, by its name, cannot have that address.
    pub(crate) fn named(service: &'static str, address: SocketAddr, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { service, address },
            io::ErrorKind::PermissionDenied => Self::Forbidden { service, address },
            io::ErrorKind::AddrNotAvailable => Self::NotOurs(address.ip()),
            _ => Self::Other { service, address, error },
        }
    }
}

/// Binds every service that has a port, on every address.
pub(crate) fn bind(config: &Config) -> Result<Vec<Bound>, BindError> {
    let mut bound = Vec::new();
    for service in Service::ALL {
        let Some(port) = service.port(&config.ports).to_bind() else { continue };
        for ip in &config.listen {
            bound.push(bind_one(service, SocketAddr::new(*ip, port))?);
        }
    }
    if bound.is_empty() {
        return Err(BindError::Nothing);
    }
    Ok(bound)
}

fn bind_one(service: Service, address: SocketAddr) -> Result<Bound, BindError> {
    let named = |error| BindError::named(service.name(), address, error);
    match listener(address) {
        Ok(listener) => {
            let address = listener.local_addr().map_err(named)?;
            Ok(Bound { service, address, listener })
        }
        Err(error) => Err(named(error)),
    }
}

/// As tokio does it, but that `::` is IPv6 only, so that `0.0.0.0` can be listened on beside it.
fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A port whose last connections are not quite over can be had at once.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}
