//! A tool's call: whether it may run, and how its end, its progress and its cancellation reach the client.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CreateTaskResult,
    ProgressNotificationParam, ProgressToken,
};
use rmcp::service::{Peer, RequestContext, RoleServer};
use rmcp::task_manager::TaskContext;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::callers::Caller;
use super::{Server, long, trace};
use crate::mcp::confirm::Verdict;
use crate::mcp::{Context, Decision, Fitted, Progress, Registry, ToolError, ToolOutcome, limits, toolsets};

/// A cancelled call may still tell Databricks to stop; then it is dropped.
const GRACE: Duration = Duration::from_secs(15);

/// A call under way: its result, or that it was cancelled.
pub(super) type Call = Pin<Box<dyn Future<Output = Result<CallToolResult, Cancelled>> + Send>>;

/// A call that ended because it was to end.
#[derive(Debug)]
pub(super) struct Cancelled;

impl Server {
    /// Whether a call may run; what is wrong with it anyway is told before a person is asked.
    pub(super) async fn verdict(
        &self,
        caller: &Caller,
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Verdict, ToolError> {
        let mut arguments = request.arguments.clone().unwrap_or_default();
        let registry = self.registry();
        let calls = registry.judge(&request.name, arguments.clone())?;
        if caller.app.terms().policy.decide_all(&calls)? != Decision::Ask {
            return Ok(Verdict::Go);
        }
        let title = registry.get(&request.name).map_or("", |spec| spec.title);
        let title = match calls.len() {
            1 => title.to_owned(),
            // What is shown of so many arguments may be cut.
            many => format!("{title}, {many} times,"),
        };
        let workspaces = caller.app.workspaces();
        let host = workspaces.get(workspaces.take(&mut arguments)).host();
        Ok(self.confirmation.verdict(&title, host, &caller.mark, request, context).await)
    }

    /// Runs a call to its end, or until a task is made of it.
    pub(super) async fn run(
        &self,
        caller: Arc<Caller>,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> CallToolResponse {
        let stop = self.stop.child_token();
        let report = Report::to_client(context);
        let may_become_task = long::may_become_task(&request.name, context);
        let span = trace::span(label(&self.registry(), &request.name), context);
        let call = self.clone().call(Arc::clone(&caller), request, stop.clone(), report.clone());
        let mut call: Call = Box::pin(call.instrument(span));
        let attended = attended(&mut call, &context.ct, &stop);
        let ended = match may_become_task {
            false => attended.await,
            true => match tokio::time::timeout(long::AT_HAND, attended).await {
                Ok(ended) => ended,
                Err(_) => return CreateTaskResult::new(long::hand_over(&caller, call, stop, &report)).into(),
            },
        };
        ended.unwrap_or_else(|Cancelled| failure(&ToolError::Cancelled)).into()
    }

    /// The call itself. It is told by `stop` to end, and has a while to do so.
    async fn call(
        self,
        caller: Arc<Caller>,
        request: CallToolRequestParams,
        stop: CancellationToken,
        report: Report,
    ) -> Result<CallToolResult, Cancelled> {
        let offer = self.current.offer();
        let watch = caller.app.observers().watch(label(&offer.registry, &request.name));
        let Ok(_slot) = caller.slots.acquire().await else {
            watch.end(ToolOutcome::Refused, 0);
            return Ok(failure(&ToolError::Failed("the server is shutting down".to_owned())));
        };
        let context = Context::new(caller.app.clone(), stop.clone(), Some(report.progress()));
        let arguments = request.arguments.unwrap_or_default();
        let limit = offer.limits.of(toolsets::current_name(&request.name), &arguments);
        let call = offer.registry.call(&request.name, arguments, &context);
        let late = AtomicBool::new(false);
        let give_up = async {
            if tokio::time::timeout(limit, stop.cancelled()).await.is_err() {
                late.store(true, Ordering::Relaxed);
                stop.cancel();
            }
            tokio::time::sleep(GRACE).await;
        };
        let result = tokio::select! {
            result = call => result,
            () = give_up => Err(ToolError::Cancelled),
        };
        match result {
            Ok(answer) => {
                let answer = answer.fitted();
                watch.end(ToolOutcome::Done, answer.text.len());
                Ok(success(answer))
            }
            Err(ToolError::Cancelled) if late.load(Ordering::Relaxed) => {
                watch.end(ToolOutcome::Timeout, 0);
                trace::failed();
                Ok(failure(&limits::late(&request.name, limit)))
            }
            Err(ToolError::Cancelled) => {
                watch.end(ToolOutcome::Cancelled, 0);
                Err(Cancelled)
            }
            Err(error) => {
                tracing::debug!(tool = %request.name, %error, "failed");
                watch.end(ToolOutcome::Failed, 0);
                trace::failed();
                Ok(failure(&error))
            }
        }
    }
}

/// The tool's name in metrics: what clients make up is none.
pub(super) fn label(registry: &Registry, name: &str) -> &'static str {
    registry.get(name).map_or("unknown", |spec| spec.name)
}

/// Runs a call, which is told to stop when `cancelled` comes true.
pub(super) async fn attended(
    call: &mut Call,
    cancelled: &CancellationToken,
    stop: &CancellationToken,
) -> Result<CallToolResult, Cancelled> {
    tokio::select! {
        ended = &mut *call => return ended,
        () = cancelled.cancelled() => stop.cancel(),
    }
    call.await
}

/// Where word of a call's progress goes.
#[derive(Clone)]
pub(super) struct Report(Arc<Mutex<Listener>>);

enum Listener {
    Nobody,
    /// The client that asked, in the order in which things were said.
    Client(ProgressToken, mpsc::UnboundedSender<ProgressNotificationParam>),
    /// The task that the call has become.
    Task(TaskContext),
}

impl Report {
    fn to_client(context: &RequestContext<RoleServer>) -> Self {
        let listener = match context.meta.get_progress_token() {
            Some(token) => Listener::Client(token, to_peer(context.peer.clone())),
            None => Listener::Nobody,
        };
        Self(Arc::new(Mutex::new(listener)))
    }

    pub(super) fn to_task(&self, task: TaskContext) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Listener::Task(task);
    }

    fn progress(&self) -> Progress {
        let listener = Arc::clone(&self.0);
        Arc::new(move |done, total, message| {
            match &*listener.lock().unwrap_or_else(PoisonError::into_inner) {
                Listener::Nobody => {}
                Listener::Client(token, notes) => {
                    let mut note = ProgressNotificationParam::new(token.clone(), done).with_message(message);
                    note.total = total;
                    // Progress is a courtesy: its loss harms nothing.
                    let _ = notes.send(note);
                }
                Listener::Task(task) => task.set_status_message(message),
            }
        })
    }
}

/// Nobody waits for a note to be sent, and none overtakes another.
fn to_peer(peer: Peer<RoleServer>) -> mpsc::UnboundedSender<ProgressNotificationParam> {
    let (notes, mut waiting) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(note) = waiting.recv().await {
            if peer.notify_progress(note).await.is_err() {
                break;
            }
        }
    });
    notes
}

/// The same in both forms: some clients show one, some the other.
fn success(answer: Fitted) -> CallToolResult {
    // `CallToolResult::structured` would write the JSON as a text too.
    let mut result = CallToolResult::success(vec![ContentBlock::text(answer.text)]);
    result.structured_content = Some(Value::Object(answer.structured));
    let pictures = answer.pictures.into_iter();
    result.content.extend(pictures.map(|picture| ContentBlock::image(picture.base64, picture.media_type)));
    result
}

pub(super) fn failure(error: &ToolError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(error.explain())])
}
