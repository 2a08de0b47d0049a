use crate::Reply;

/// Messages with more `Received` fields than this run in circles (RFC 5321 §6.3 has "at least
/// 100").
pub const MAX_RECEIVED: usize = 100;

/// Refuses a message with too many `Received` fields, as
/// [`HeaderFilter::received`](crate::header::HeaderFilter::received) counts them.
///
/// # Errors
///
/// The reply for the client: 554 5.4.6. It is permanent, since a message that has gone round a
/// hundred times goes round again when it is put off.
///
/// ```
/// use smtp_proto::delivery::check_received;
///
/// assert_eq!(check_received(100), Ok(()));
/// assert_eq!(check_received(101).unwrap_err().code(), 554);
/// ```
pub fn check_received(fields: usize) -> Result<(), Reply> {
    if fields > MAX_RECEIVED {
        return Err(Reply::new(554, "5.4.6 Routing loop: too many Received fields"));
    }
    Ok(())
}
