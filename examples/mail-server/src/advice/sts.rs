//! Whether others can fetch the policy of MTA-STS (RFC 8461 §3.3).

use super::records::Data;
use crate::{dns::Dns, tls, wire::Wire};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::{
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{net::TcpStream, time};

const PATIENCE: Duration = Duration::from_secs(10);
/// §3.2 lets a policy have 64 KB.
const LONGEST: usize = 64 * 1024;

/// The policy of a domain as others get it.
pub(super) async fn fetch(dns: &Dns, domain: &str, port: u16) -> Result<String, String> {
    let fetched = time::timeout(PATIENCE, get(dns, &format!("mta-sts.{domain}"), port)).await;
    fetched.map_err(|_| "it takes too long".to_owned())?.map_err(|error| error.to_string())
}

async fn get(dns: &Dns, host: &str, port: u16) -> Result<String, Box<dyn Error + Send + Sync>> {
    let found = dns.data(host, &Data::Address(Ipv4Addr::UNSPECIFIED.into())).await?;
    let address = found.iter().find_map(|data| match data {
        Data::Address(ip) => Some(SocketAddr::new(*ip, port)),
        _ => None,
    });
    let tcp = TcpStream::connect(address.ok_or_else(|| format!("{host} has no address"))?).await?;
    let mut wire = Wire::new(tcp);
    wire.connect_tls(tls::public_client()?, ServerName::try_from(host.to_owned())?).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await?;
    let asking = async {
        let request = Request::get("/.well-known/mta-sts.txt").header(HOST, host);
        let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST).collect().await?.to_bytes();
        match status.is_success() {
            true => Ok(String::from_utf8_lossy(&body).into_owned()),
            false => Err(format!("{host} answers {status}").into()),
        }
    };
    tokio::pin!(asking);
    tokio::select! {
        policy = &mut asking => policy,
        done = connection => {
            done?;
            asking.await
        }
    }
}
