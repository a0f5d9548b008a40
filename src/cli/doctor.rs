//! `gloss doctor`: what stands between a person and an answer.

use std::io::Write as _;

use super::arguments::{DoctorArgs, Shown};
use super::{columns, config, face, output};
use crate::engine::{Diagnosis, State};

pub fn run(arguments: &DoctorArgs) -> anyhow::Result<u8> {
    let workspace = config::root(arguments.workspace.as_deref())?;
    let (engine, resolved) = face::engine_of(&workspace);
    let diagnosis = face::run(&engine, async { Ok(engine.diagnose(resolved).await) })?;
    let mut out = output::plain();
    if arguments.json || arguments.format == Shown::Json {
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&diagnosis.to_json())?
        )?;
    } else {
        columns::write(&mut out, &rows(&diagnosis))?;
        writeln!(
            out,
            "\nIn force for {}:\n",
            crate::text::visible(&workspace.display().to_string())
        )?;
        columns::write(&mut out, &config::rows(&diagnosis.resolved))?;
    }
    out.flush()?;
    Ok(u8::from(!diagnosis.is_well()))
}

fn rows(diagnosis: &Diagnosis) -> Vec<Vec<String>> {
    let checks = diagnosis.checks.iter();
    checks
        .map(|check| {
            let state = match check.state {
                State::Ok => "ok",
                State::Warning => "warning",
                State::Failure => "FAILURE",
            };
            vec![state.into(), check.name.into(), check.told.clone()]
        })
        .collect()
}
