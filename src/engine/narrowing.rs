//! Asking about code, and once more with less around it where the model takes less than thought.

use super::code::blocking;
use super::{Answer, CodeJob, Ear, Engine, Heard, JobError, Prepared};
use crate::config::Settings;
use crate::llm::ApiError;

impl Engine {
    /// Prepares a job and asks.
    pub(super) async fn asked(
        &self,
        job: CodeJob,
        ear: Ear<'_>,
    ) -> Result<(CodeJob, Prepared, Answer), JobError> {
        let (job, prepared) = self.prepare(job).await?;
        self.asked_as_prepared(job, prepared, ear).await
    }

    /// Asks about what is prepared.
    pub(super) async fn asked_as_prepared(
        &self,
        job: CodeJob,
        prepared: Prepared,
        ear: Ear<'_>,
    ) -> Result<(CodeJob, Prepared, Answer), JobError> {
        let mut has_begun = false;
        let mut hear = |heard| {
            has_begun |= matches!(heard, Heard::Text(_));
            ear(heard);
        };
        let error = match self.ask_about(&job, &prepared, &mut hear).await {
            Ok(answer) => return Ok((job, prepared, answer)),
            Err(error) => error,
        };
        // An answer that had begun cannot be begun anew.
        let narrowed = self.narrowed(&error, &prepared).filter(|_| !has_begun);
        let Some(engine) = narrowed else {
            return Err(error);
        };
        let again = {
            let (engine, job) = (engine.clone(), job.clone());
            blocking(move || engine.prepared(&job)).await
        };
        match again {
            // A prompt that can be cut no further would fail the same way.
            Ok(again) if again.tokens() < prepared.tokens() => {
                let answer = engine.ask_about(&job, &again, ear).await?;
                Ok((job, again, answer))
            }
            _ => Err(error),
        }
    }

    /// This engine with so much less of a prompt as the API says is too much; by half where it
    /// does not say.
    fn narrowed(&self, error: &JobError, prepared: &Prepared) -> Option<Self> {
        let JobError::Api(ApiError::TooLong { limit, sent }) = error else {
            return None;
        };
        let estimated = prepared.tokens();
        let most = match (limit, sent) {
            // Its tokens are not our estimates, so a tenth is left free.
            (Some(limit), Some(sent)) => estimated.saturating_mul(*limit) / sent.max(&1) / 10 * 9,
            (Some(limit), None) => (*limit).min(estimated) / 10 * 9,
            (None, _) => estimated / 2,
        };
        Some(self.for_workspace(Settings {
            max_prompt_tokens: most.min(self.settings.max_prompt_tokens),
            ..Settings::clone(&self.settings)
        }))
    }
}
