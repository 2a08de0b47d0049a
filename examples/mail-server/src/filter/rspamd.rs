//! rspamd, and what speaks as it does: the message by POST to `/checkv2`, the verdict as JSON
//! (<https://docs.rspamd.com/developers/protocol>).

use super::{Action, FilterError, Judging, Letter, MailFilter, Verdict};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Uri, client::conn::http1, header::HOST, http::request::Builder};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use tokio::{net::TcpStream, time};

/// Octets of an answer.
const LONGEST: usize = 1024 * 1024;

/// A scanner at a URL.
#[derive(Clone, Debug)]
pub(crate) struct Rspamd {
    host: String,
    port: u16,
    patience: Duration,
}

#[derive(Debug, Deserialize)]
struct Found {
    action: String,
    #[serde(default)]
    score: f64,
    #[serde(default)]
    required_score: f64,
    #[serde(default)]
    messages: BTreeMap<String, Value>,
    #[serde(default)]
    milter: Milter,
}

#[derive(Debug, Default, Deserialize)]
struct Milter {
    #[serde(default)]
    add_headers: BTreeMap<String, Value>,
}

impl Rspamd {
    /// At a URL such as `http://127.0.0.1:11333`, which has so long for a message.
    pub(crate) fn new(url: &str, patience: Duration) -> Result<Self, String> {
        let wrong = || format!("`{url}` is not a URL such as http://127.0.0.1:11333");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let is_root = matches!(uri.path(), "" | "/") && uri.query().is_none();
        match (uri.scheme_str(), uri.host()) {
            (Some("http"), Some(host)) if is_root => {
                let host = host.trim_matches(['[', ']']).to_owned();
                Ok(Self { host, port: uri.port_u16().unwrap_or(80), patience })
            }
            _ => Err(wrong()),
        }
    }

    async fn ask(&self, letter: &Letter<'_>) -> Result<Verdict, FilterError> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
        let asking = async {
            let body = Full::new(Bytes::copy_from_slice(letter.message));
            let answer = sender.send_request(self.request(letter).body(body)?).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LONGEST).collect().await?.to_bytes();
            if !status.is_success() {
                return Err(format!("it answers {status}").into());
            }
            Ok::<_, FilterError>(serde_json::from_slice::<Found>(&body)?)
        };
        // The connection is done with once the answer is there.
        tokio::pin!(asking);
        let found = tokio::select! {
            found = &mut asking => found?,
            done = connection => {
                done?;
                asking.await?
            }
        };
        Ok(verdict(found))
    }

    fn request(&self, letter: &Letter<'_>) -> Builder {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/checkv2")
            .header(HOST, format!("{}:{}", self.host, self.port))
            .header("IP", letter.ip.to_string())
            .header("Queue-Id", letter.id)
            .header("Helo", printable(letter.client_name))
            .header("From", printable(letter.from));
        let request =
            letter.to.iter().fold(request, |request, to| request.header("Rcpt", printable(to)));
        match letter.user {
            Some(user) => request.header("User", printable(user)),
            None => request,
        }
    }
}

impl MailFilter for Rspamd {
    fn name(&self) -> &str {
        "rspamd"
    }

    fn judge<'a>(&'a self, letter: &'a Letter<'a>) -> Judging<'a> {
        Box::pin(async {
            let asked = time::timeout(self.patience, self.ask(letter)).await;
            asked.map_err(|_| "it takes too long")?
        })
    }
}

/// What a field of HTTP can hold.
fn printable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~')).collect()
}

fn verdict(found: Found) -> Verdict {
    let words = |otherwise: &str| {
        let said = found.messages.get("smtp_message").and_then(Value::as_str);
        said.unwrap_or(otherwise).to_owned()
    };
    let action = match found.action.as_str() {
        "reject" => Action::Reject(words("The message looks like spam")),
        "soft reject" | "greylist" => Action::TempFail(words("Try again later")),
        "add header" | "rewrite subject" | "quarantine" => Action::Quarantine,
        _ => Action::Accept,
    };
    let is_spam = action == Action::Quarantine;
    let status = format!(
        "{}, score={:.2} required={:.2}",
        if is_spam { "Yes" } else { "No" },
        found.score,
        found.required_score
    );
    let verdict = Verdict::new(action).header("X-Spam-Status", status);
    found.milter.add_headers.iter().fold(verdict, |verdict, (name, value)| {
        values(value).into_iter().fold(verdict, |verdict, value| verdict.header(name, value))
    })
}

/// A value is a string, an object with it, or an array of either.
fn values(value: &Value) -> Vec<String> {
    match value {
        Value::String(value) => vec![value.clone()],
        Value::Object(object) => object.get("value").map(values).unwrap_or_default(),
        Value::Array(all) => all.iter().flat_map(values).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Verdict {
        verdict(serde_json::from_str(json).expect("what it says"))
    }

    #[test]
    fn each_action_has_its_verdict() {
        let action = |name: &str| of(&format!("{{\"action\":\"{name}\"}}")).action;
        assert_eq!(action("no action"), Action::Accept);
        assert_eq!(action("add header"), Action::Quarantine);
        assert_eq!(action("soft reject"), Action::TempFail("Try again later".into()));
        assert_eq!(action("reject"), Action::Reject("The message looks like spam".into()));
        let found = of(r#"{"action":"reject","messages":{"smtp_message":"Virus"}}"#);
        assert_eq!(found.action, Action::Reject("Virus".into()));
    }

    #[test]
    fn fields_come_in_three_forms() {
        let found = of(r#"{"action":"add header","score":7.1,"required_score":6,"milter":
            {"add_headers":{"A":"1","B":{"value":"2","order":1},"C":["3",{"value":"4"}]}}}"#);
        let headers: Vec<_> = found.headers.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(
            headers,
            ["X-Spam-Status=Yes, score=7.10 required=6.00", "A=1", "B=2", "C=3", "C=4"]
        );
    }

    #[test]
    fn only_a_plain_url_is_one() {
        let new = |url| Rspamd::new(url, Duration::ZERO);
        assert_eq!(new("http://[::1]:11333/").map(|r| (r.host, r.port)), Ok(("::1".into(), 11333)));
        for url in ["127.0.0.1:11333", "https://x", "http://x/checkv2", "http://", ""] {
            new(url).expect_err(url);
        }
    }
}
