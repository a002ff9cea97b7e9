//! Where calls come from and who watches them: transports (AudioSocket, microphone, files) and the HTTP interface.
//!
//! [`transport`] carries sound; [`session`] gives each connection of a server its call, whatever the transport;
//! [`http`] shows and controls what [`session`] runs. Here belongs what carries sound to a call and back, who may call,
//! and what a supervisor sees. Here may not be: how a call is led.

pub mod http;
pub mod session;
pub mod transport;
