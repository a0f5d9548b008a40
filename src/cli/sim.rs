//! `gloss sim`: the offline stand-in, until it is interrupted.

use std::io::Write as _;

use anyhow::Context as _;

use super::arguments::SimArgs;
use super::{output, signals};
use crate::sim::Sim;

pub fn run(arguments: &SimArgs) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let sim = Sim::bind(arguments.port).with_context(|| match arguments.port {
            0 => "no port of this machine can be listened on".into(),
            port => format!("port {port} cannot be listened on; choose another one with --port"),
        })?;
        let mut out = output::plain();
        writeln!(
            out,
            "The offline stand-in answers at {url}. It follows rules and asks no model.\n\
             Try it:  XAI_BASE_URL={url} gloss explain src/main.rs",
            url = sim.url()
        )?;
        out.flush()?;
        tokio::select! {
            served = sim.serve() => served?,
            _ = signals::asked_to_end() => {}
        }
        Ok(0)
    })
}
