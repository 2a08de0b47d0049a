//! HTTP/1.1, by hyper: for the operator's tools and for mail programs that set themselves up.

mod monitor;
mod web;

pub(crate) use self::{
    monitor::{Monitor, bind},
    web::{Web, policy, policy_id},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode, body::Incoming, header::CONTENT_TYPE, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// A client says what it wants within this time.
const PATIENCE: Duration = Duration::from_secs(30);

const PLAIN: &str = "text/plain; charset=utf-8";

pub(crate) type Answer = Response<Full<Bytes>>;

/// What answers requests.
pub(crate) trait Site: Send + Sync + 'static {
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Answer> + Send;
}

/// Serves one connection to its end, or until told to stop.
pub(crate) async fn serve(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    site: Arc<impl Site>,
    stopping: CancellationToken,
) {
    let service = service_fn(|request| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(site.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    let done = tokio::select! {
        done = connection.as_mut() => done,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        debug!(%error, "HTTP broke off");
    }
}

/// This text.
pub(crate) fn text(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}
