//! `gloss sim`: the offline stand-in, until it is interrupted.

use std::io::Write as _;

use super::arguments::SimArgs;
use crate::sim::Sim;

pub fn run(arguments: &SimArgs) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let sim = Sim::bind(arguments.port)?;
        let mut out = std::io::stdout();
        writeln!(
            out,
            "The offline stand-in answers at {url}. It follows rules and asks no model.\n\
             Try it:  XAI_BASE_URL={url} gloss explain src/main.rs",
            url = sim.url()
        )?;
        out.flush()?;
        tokio::select! {
            served = sim.serve() => served?,
            _ = tokio::signal::ctrl_c() => {}
        }
        Ok(0)
    })
}
