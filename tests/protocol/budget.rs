//! A budget as an editor meets it: refused before anything is sent, and told in time.

use serde_json::json;

use super::api::Api;
use super::editor::{Editor, Setup};

const CODE: &str = "fn twice(x: u32) -> u32 {\n    x * 2\n}\n";

/// An editor with a budget of so many tokens a day in its environment.
async fn editor(api: &Api, tokens: u64) -> Editor {
    let mut setup = Setup::streaming(&api.url);
    let budget = json!({ "daily_tokens": tokens }).to_string();
    setup.environment.push(("GLOSS_BUDGET", budget));
    Editor::start(&setup).await
}

#[tokio::test]
async fn a_job_past_the_budget_is_refused_and_one_that_nears_it_warns() {
    let mut api = Api::start().await;
    let mut narrow = editor(&api, 10).await;
    let uri = narrow.open("a.rs", "rust", CODE).await;
    let id = narrow.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
    let finished = narrow.finished(&id).await;
    let message = finished["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`daily_tokens` of 10 tokens"), "{message}");
    assert!(api.is_quiet());
    let report = narrow.execute("gloss.usage", json!({})).await.unwrap();
    assert_eq!(report["total"]["requests"], 0);

    let claim = message
        .split("add about ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next();
    let mut exact = editor(&api, claim.unwrap().parse().unwrap()).await;
    let uri = exact.open("a.rs", "rust", CODE).await;
    let id = exact.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
    api.next().await.text("Doubles it.");
    let warning = exact.message().await;
    assert!(
        warning.contains("nearly used up") && warning.contains("(100 %)"),
        "{warning}"
    );
    assert_eq!(exact.finished(&id).await["error"], json!(null));
}
