//! What any transport needs to give its connections a call.

pub mod call_id;
