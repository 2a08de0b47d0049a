//! The contract on the memory backend.

use mailstore::MemoryStore;
use mailstore::contract::Subject;

struct Memory(MemoryStore);

impl Subject for Memory {
    type Store = MemoryStore;

    async fn create() -> Self {
        Memory(MemoryStore::new())
    }

    fn store(&self) -> MemoryStore {
        self.0.clone()
    }

    async fn reopen(&mut self) -> bool {
        false
    }
}

mailstore::contract_tests!(Memory);
