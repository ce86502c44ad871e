import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/jobs',
    name: 'jobs',
    component: withWords(['jobs'], () => import('./JobsPage.vue')),
    meta: { title: 'jobs.title', section: 'jobs' },
  },
  {
    path: '/jobs/new',
    name: 'job-new',
    component: withWords(
      ['jobeditor', 'jobs', 'policy', 'workbench'],
      () => import('./jobeditor/JobEditorPage.vue'),
    ),
    meta: { title: 'jobs.newTitle', section: 'jobs' },
  },
  {
    path: '/jobs/calendar',
    name: 'job-calendar',
    component: withWords(['calendar', 'jobs'], () => import('./calendar/CalendarPage.vue')),
    meta: { title: 'calendar.title', section: 'jobs' },
  },
  {
    path: '/jobs/blackouts',
    name: 'blackouts',
    component: withWords(['blackouts', 'jobs'], () => import('./blackouts/BlackoutsPage.vue')),
    meta: { title: 'blackouts.title', section: 'jobs' },
  },
  {
    path: '/jobs/import',
    name: 'job-import',
    component: withWords(['jobimport', 'jobs'], () => import('./jobimport/ImportPage.vue')),
    meta: { title: 'jobimport.title', section: 'jobs' },
  },
  {
    path: '/jobs/:jobId',
    name: 'job',
    component: withWords(['jobs'], () => import('./JobPage.vue')),
    props: true,
    meta: { title: 'jobs.one', section: 'jobs' },
  },
  {
    path: '/jobs/:jobId/edit',
    name: 'job-edit',
    component: withWords(
      ['jobeditor', 'jobs', 'policy', 'workbench'],
      () => import('./jobeditor/JobEditorPage.vue'),
    ),
    props: true,
    meta: { title: 'jobs.editTitle', section: 'jobs' },
  },
]
