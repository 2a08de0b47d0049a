//! `mail-server demo`: one message travels from one server to another and is read there.

pub(crate) mod name_server;
pub(crate) mod show;
