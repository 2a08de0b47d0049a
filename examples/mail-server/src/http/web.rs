//! What the world asks by HTTPS: the policy of MTA-STS (RFC 8461), and the settings of mail programs in the
//! forms of Thunderbird (autoconfig) and Outlook (autodiscover).

use super::{Answer, PLAIN, Site, text};
use crate::{
    app::App,
    config::{Config, StsMode},
    service::Service,
};
use http_body_util::{BodyExt, Limited};
use hyper::{Method, Request, StatusCode, body::Incoming, header::HOST};
use mailstore::Store;
use ring::digest::{SHA256, digest};
use std::sync::Arc;

const XML: &str = "application/xml; charset=utf-8";
/// Octets of a question of Outlook's.
const LONGEST: usize = 64 * 1024;
/// How long others may remember the policy: a week.
const MAX_AGE: u32 = 604_800;

/// The public site of a server.
pub(crate) struct Web<S> {
    pub(crate) app: Arc<App<S>>,
}

impl<S: Store> Site for Web<S> {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let config = self.app.config();
        let path = request.uri().path().to_ascii_lowercase();
        let host = host(&request);
        match (request.method(), path.as_str()) {
            (&Method::GET | &Method::HEAD, "/.well-known/mta-sts.txt") => {
                let domain = host.strip_prefix("mta-sts.").filter(|domain| self.is_ours(domain));
                match domain.and(policy(&config)) {
                    Some(policy) => text(StatusCode::OK, "text/plain", policy),
                    None => not_found(),
                }
            }
            (
                &Method::GET | &Method::HEAD,
                "/mail/config-v1.1.xml" | "/.well-known/autoconfig/mail/config-v1.1.xml",
            ) => {
                let asked = query(&request, "emailaddress");
                let domain = asked.as_deref().and_then(domain_of);
                let domain = domain.unwrap_or(host.strip_prefix("autoconfig.").unwrap_or(&host));
                match self.is_ours(domain) {
                    true => text(StatusCode::OK, XML, autoconfig(&config, domain)),
                    false => not_found(),
                }
            }
            (&Method::POST, "/autodiscover/autodiscover.xml") => {
                let Ok(body) = Limited::new(request.into_body(), LONGEST).collect().await else {
                    return text(StatusCode::BAD_REQUEST, PLAIN, "that is no question\n");
                };
                let body = body.to_bytes();
                let asked = String::from_utf8_lossy(&body);
                let address = between(&asked, "<EMailAddress>", "</EMailAddress>").map(str::trim);
                match address.filter(|a| domain_of(a).is_some_and(|domain| self.is_ours(domain))) {
                    Some(address) => text(StatusCode::OK, XML, autodiscover(&config, address)),
                    None => not_found(),
                }
            }
            (_, "/autodiscover/autodiscover.xml") => {
                text(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "POST, as Outlook does\n")
            }
            _ => not_found(),
        }
    }
}

impl<S> Web<S> {
    fn is_ours(&self, domain: &str) -> bool {
        self.app.users.directory().is_local(domain)
    }
}

/// The policy, which is the same for all domains (RFC 8461 §3.2); `None` if there is none.
pub(crate) fn policy(config: &Config) -> Option<String> {
    let mode = match config.mta_sts {
        StsMode::Off => return None,
        StsMode::Testing => "testing",
        StsMode::Enforce => "enforce",
    };
    let host = &config.hostname;
    Some(format!("version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: {MAX_AGE}\r\n"))
}

/// The id that `_mta-sts` has: another one for another policy (RFC 8461 §3.1).
pub(crate) fn policy_id(config: &Config) -> Option<String> {
    let hash = digest(&SHA256, policy(config)?.as_bytes());
    Some(hash.as_ref().iter().take(16).map(|octet| format!("{octet:02x}")).collect())
}

/// A service with the port of it, if it is offered.
fn offered(config: &Config, service: Service) -> Option<u16> {
    service.port(&config.ports).to_bind()
}

/// <https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat>.
fn autoconfig(config: &Config, domain: &str) -> String {
    let host = &config.hostname;
    let server = |service, direction: &str, kind: &str, socket: &str| {
        let Some(port) = offered(config, service) else { return String::new() };
        format!(
            "    <{direction}Server type=\"{kind}\">\n      <hostname>{host}</hostname>\n      \
             <port>{port}</port>\n      <socketType>{socket}</socketType>\n      \
             <username>%EMAILADDRESS%</username>\n      \
             <authentication>password-cleartext</authentication>\n    </{direction}Server>\n"
        )
    };
    let servers = [
        server(Service::Imaps, "incoming", "imap", "SSL"),
        server(Service::Imap, "incoming", "imap", "STARTTLS"),
        server(Service::Pop3s, "incoming", "pop3", "SSL"),
        server(Service::Pop3, "incoming", "pop3", "STARTTLS"),
        server(Service::Submissions, "outgoing", "smtp", "SSL"),
        server(Service::Submission, "outgoing", "smtp", "STARTTLS"),
    ]
    .concat();
    let domain = escaped(domain);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  \
         <emailProvider id=\"{domain}\">\n    <domain>{domain}</domain>\n    \
         <displayName>{domain}</displayName>\n    <displayShortName>{domain}</displayShortName>\n\
         {servers}  </emailProvider>\n</clientConfig>\n"
    )
}

/// The outlook response schema 2006a.
fn autodiscover(config: &Config, address: &str) -> String {
    let (host, login) = (&config.hostname, escaped(address));
    let protocol = |kind: &str, implicit, starttls| {
        let (port, ssl) = match (offered(config, implicit), offered(config, starttls)) {
            (Some(port), _) => (port, "SSL"),
            (None, Some(port)) => (port, "TLS"),
            (None, None) => return String::new(),
        };
        format!(
            "      <Protocol>\n        <Type>{kind}</Type>\n        <Server>{host}</Server>\n        \
             <Port>{port}</Port>\n        <LoginName>{login}</LoginName>\n        <SPA>off</SPA>\n        \
             <Encryption>{ssl}</Encryption>\n        <AuthRequired>on</AuthRequired>\n      </Protocol>\n"
        )
    };
    let protocols = [
        protocol("IMAP", Service::Imaps, Service::Imap),
        protocol("POP3", Service::Pop3s, Service::Pop3),
        protocol("SMTP", Service::Submissions, Service::Submission),
    ]
    .concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n  \
         <Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\n    \
         <Account>\n      <AccountType>email</AccountType>\n      <Action>settings</Action>\n\
         {protocols}    </Account>\n  </Response>\n</Autodiscover>\n"
    )
}

/// The name that was asked for, in lower case and without a port.
fn host(request: &Request<Incoming>) -> String {
    let field = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = field.or(request.uri().host()).unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

fn query(request: &Request<Incoming>, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    let value = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })?;
    Some(value.replace("%40", "@"))
}

fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(between, _)| between)
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn not_found() -> Answer {
    text(StatusCode::NOT_FOUND, PLAIN, "there is nothing here\n")
}
